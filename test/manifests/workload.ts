// Deployments and DaemonSets of the manifests, and their one container as kubelet would start it.

import assert from "node:assert/strict";
import { loadConfig } from "#runtime/config.ts";
import { parseProxyFlags } from "#proxy/shell/proxy-config.ts";
import type { ProxyConfig } from "#proxy/shell/proxy-config.ts";
import { schedulerExtender } from "#scheduler-extender/main.ts";
import { vpaRecommender } from "#vpa-recommender/main.ts";
import { ui } from "#cli/ui/ui-command.ts";
import { baseObjectsOf, type Manifest } from "./manifest-files.ts";

export interface Workload extends Manifest {
  readonly spec: {
    readonly replicas?: number;
    readonly strategy?: { readonly type: string; readonly rollingUpdate?: object };
    readonly updateStrategy?: object;
    readonly selector: { readonly matchLabels: StringMap };
    readonly template: {
      readonly metadata: { readonly labels: StringMap; readonly annotations?: StringMap };
      readonly spec: PodSpec;
    };
  };
}

type StringMap = Readonly<Record<string, string>>;

interface PodSpec {
  readonly serviceAccountName: string;
  readonly priorityClassName: string;
  readonly hostNetwork?: boolean;
  readonly dnsPolicy?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly tolerations?: readonly object[];
  readonly affinity?: { readonly podAntiAffinity?: Readonly<Record<string, readonly WeightedTerm[]>> };
  readonly securityContext: SecurityContext;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

interface WeightedTerm {
  readonly podAffinityTerm: { readonly labelSelector: { readonly matchLabels: StringMap } };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly {
    readonly name: string;
    readonly valueFrom: { readonly fieldRef: { readonly fieldPath: string } };
  }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly resources: { readonly requests: StringMap; readonly limits?: StringMap };
  readonly resizePolicy?: readonly object[];
  readonly securityContext: SecurityContext;
}

interface Probe {
  readonly initialDelaySeconds?: number;
  readonly httpGet: { readonly host?: string; readonly path: string; readonly port: number | string };
}

interface SecurityContext {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly seccompProfile?: { readonly type: string };
  readonly allowPrivilegeEscalation?: boolean;
  readonly privileged?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
}

export function workloads(): readonly Workload[] {
  return ["Deployment", "DaemonSet", "StatefulSet", "Job", "CronJob"].flatMap((kind) =>
    baseObjectsOf<Workload>(kind),
  );
}

/** @throws AssertionError if there is another number of workloads, or of containers, than one. */
export function containerOf({ spec }: Workload): Container {
  const { containers, initContainers = [] } = spec.template.spec;
  const [container] = containers;
  assert.ok(container !== undefined && containers.length === 1 && initContainers.length === 0);
  return container;
}

/** The component's settings as its own reader makes them of the container's arguments. */
export function extenderSettings(container: Container) {
  return loaded(loadConfig(schedulerExtender, argumentsOf(container, "scheduler-extender")));
}

export function recommenderSettings(container: Container) {
  return loaded(loadConfig(vpaRecommender, argumentsOf(container, "vpa-recommender")));
}

export function uiSettings(container: Container) {
  return loaded(loadConfig(ui, argumentsOf(container, "ui")));
}

export function proxySettings(container: Container): ProxyConfig {
  return loaded(parseProxyFlags(argumentsOf(container, "proxy"), IN_A_POD));
}

function loaded<T>(answer: { readonly kind: "run"; readonly config: T } | { readonly kind: string }): T {
  assert.ok(answer.kind === "run" && "config" in answer);
  return answer.config;
}

/** What follows the command's name, with its variables filled in. */
function argumentsOf({ args, env }: Container, command: string): readonly string[] {
  assert.equal(args[0], command);
  const values = new Map(env.map(({ name, valueFrom }) => [name, sampleOf(valueFrom.fieldRef.fieldPath)]));
  return args.slice(1).map((argument) =>
    // Kubelet leaves the name of an unknown variable as it stands.
    argument.replaceAll(/\$\(([^)]+)\)/g, (reference, name: string) => {
      const value = values.get(name);
      assert.ok(value !== undefined, `${reference} in ${argument} is no variable of the container`);
      return value;
    }),
  );
}

function sampleOf(fieldPath: string): string {
  const sample = SAMPLES[fieldPath];
  assert.ok(sample !== undefined, `no field of a pod that a variable may show: ${fieldPath}`);
  return sample;
}

/** What kubelet would fill in. */
export const SAMPLES: Readonly<Record<string, string>> = {
  "metadata.name": "a-pod",
  "metadata.namespace": "berth-system",
  "spec.nodeName": "node-1",
  "status.podIP": "10.1.2.3",
  "status.hostIP": "fd00::1",
};

const IN_A_POD = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
