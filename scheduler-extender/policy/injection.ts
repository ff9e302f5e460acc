// What admission adds to a mesh pod: the address of its node's proxy in the environment, a pause before it stops, the
// mesh label, which makes a namespace's choice the pod's own (a pod that was not injected is not charged either), and,
// where mesh pods have a kube-scheduler of their own, its name.
// What is encrypted goes through the proxy, too, as a tunnel: counted and attributed, and not read.

import { MESH_ENABLED, MESH_LABEL, MESH_RESOURCE } from "#model/app.ts";
import type { AppPorts } from "#model/mesh-profile.ts";

export interface InjectionOptions {
  readonly ports: AppPorts;
  readonly ipFamily: "IPv4" | "IPv6";
  /** Hosts that are always reached directly, beside the API server, metadata and loopback. */
  readonly noProxy: readonly string[];
  readonly preStopSeconds: number;
  /** Mesh pods ask for the resource that kube-scheduler tells them by. */
  readonly isManagedResource?: boolean;
  /** Of mesh pods that name none themselves; empty leaves them to the cluster's. */
  readonly schedulerName?: string;
}

/** The parts of a pod that injection reads. */
export interface InjectablePod {
  readonly metadata?: {
    readonly labels?: StringMap | null;
    readonly annotations?: StringMap | null;
  };
  readonly spec?: {
    readonly schedulerName?: string;
    readonly terminationGracePeriodSeconds?: number;
    readonly containers?: readonly InjectableContainer[];
    readonly initContainers?: readonly InjectableContainer[];
  };
}

type StringMap = Readonly<Record<string, string>>;

export interface InjectableContainer {
  readonly name: string;
  readonly env?: readonly EnvVar[];
  readonly resources?: { readonly requests?: StringMap | null; readonly limits?: StringMap | null } | null;
  readonly lifecycle?: { readonly preStop?: unknown; readonly postStart?: unknown };
}

interface EnvVar {
  readonly name: string;
}

export interface JsonPatchOperation {
  readonly op: "add";
  readonly path: string;
  readonly value: unknown;
}

export const INJECTED_ANNOTATION = "berth.dev/injected";
const NODE_IP_VARIABLE = "BERTH_NODE_IP";
/** What the API server fills in for a pod that does not say. */
const GRACE_SECONDS_DEFAULT = 30;
/** What the API server fills in for a pod that names none: an author who wrote it out cannot be told apart. */
const NO_SCHEDULER_OF_ITS_OWN: ReadonlySet<string> = new Set(["", "default-scheduler"]);

/** RFC 6902 operations that turn the pod into a mesh pod; values that its author set are kept. */
export function injectionPatch(pod: InjectablePod, options: InjectionOptions): readonly JsonPatchOperation[] {
  const containers = pod.spec?.containers ?? [];
  const initContainers = pod.spec?.initContainers ?? [];
  return [
    ...schedulerName(pod, options.schedulerName ?? ""),
    ...mapEntry(pod.metadata?.labels, { at: "/metadata/labels", key: MESH_LABEL, value: MESH_ENABLED }),
    ...mapEntry(pod.metadata?.annotations, {
      at: "/metadata/annotations",
      key: INJECTED_ANNOTATION,
      value: "true",
    }),
    ...containers.map((container, index) => environment(container, `/spec/containers/${index}`, options)),
    ...initContainers.map((container, index) =>
      environment(container, `/spec/initContainers/${index}`, options),
    ),
    ...(options.isManagedResource === true ? managedResource(containers[0]) : []),
    ...containers.flatMap((container, index) =>
      preStop(container, `/spec/containers/${index}`, pauseSeconds(pod, options)),
    ),
  ];
}

// "add" replaces what is there, and what is there is the API server's default.
function schedulerName(pod: InjectablePod, name: string): readonly JsonPatchOperation[] {
  if (name === "" || !NO_SCHEDULER_OF_ITS_OWN.has(pod.spec?.schedulerName ?? "")) return [];
  return [{ op: "add", path: "/spec/schedulerName", value: name }];
}

interface MapEntry {
  readonly at: string;
  readonly key: string;
  readonly value: string;
}

// Nothing can be added below a map that is absent or null.
function mapEntry(map: StringMap | null | undefined, entry: MapEntry): readonly JsonPatchOperation[] {
  if (map === undefined || map === null)
    return [{ op: "add", path: entry.at, value: { [entry.key]: entry.value } }];
  const pointer = entry.key.replaceAll("~", "~0").replaceAll("/", "~1");
  return [{ op: "add", path: `${entry.at}/${pointer}`, value: entry.value }];
}

// Of an extended resource as much has to be asked for as is permitted. One container asks for the whole pod.
function managedResource(container: InjectableContainer | undefined): readonly JsonPatchOperation[] {
  if (container === undefined) return [];
  const at = "/spec/containers/0/resources";
  const one = { [MESH_RESOURCE]: "1" };
  const { resources = null } = container;
  if (resources === null) return [{ op: "add", path: at, value: { requests: one, limits: one } }];
  const entry = { key: MESH_RESOURCE, value: "1" };
  return [
    ...mapEntry(resources.requests, { at: `${at}/requests`, ...entry }),
    ...mapEntry(resources.limits, { at: `${at}/limits`, ...entry }),
  ];
}

// Ours come first, since $(BERTH_NODE_IP) refers only to variables above it. A name the author set in either case is
// left alone in both: programs read one or the other, and must not be told two things.
function environment(
  container: InjectableContainer,
  path: string,
  options: InjectionOptions,
): JsonPatchOperation {
  const theirs = container.env ?? [];
  const taken = new Set(theirs.map(({ name }) => name.toLowerCase()));
  const ours = proxyVariables(options).filter(({ name }) => !taken.has(name.toLowerCase()));
  return { op: "add", path: `${path}/env`, value: [...ours, ...theirs] };
}

function proxyVariables({ ports, ipFamily, noProxy }: InjectionOptions): readonly EnvVar[] {
  const host = ipFamily === "IPv6" ? `[$(${NODE_IP_VARIABLE})]` : `$(${NODE_IP_VARIABLE})`;
  const proxy = `http://${host}:${ports.outbound}`;
  const direct = [...ALWAYS_DIRECT, ...noProxy];
  return [
    { name: NODE_IP_VARIABLE, valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
    ...PROXY_VARIABLES.map((name) => ({ name, value: proxy })),
    ...["NO_PROXY", "no_proxy"].map((name) => ({ name, value: direct.join(",") })),
    // Node reads HTTP_PROXY only when told to; Java reads properties and separates hosts by "|".
    { name: "NODE_USE_ENV_PROXY", value: "1" },
    {
      name: "JAVA_TOOL_OPTIONS",
      value: [
        `-Dhttp.proxyHost=$(${NODE_IP_VARIABLE})`,
        `-Dhttp.proxyPort=${ports.outbound}`,
        `-Dhttps.proxyHost=$(${NODE_IP_VARIABLE})`,
        `-Dhttps.proxyPort=${ports.outbound}`,
        // For both; a domain's names are meant by a dot in front elsewhere, and by a star here.
        `-Dhttp.nonProxyHosts=${direct.map((host) => (host.startsWith(".") ? `*${host}` : host)).join("|")}`,
      ].join(" "),
    },
  ] as readonly EnvVar[];
}

/** Programs read one case or the other, some both. */
const PROXY_VARIABLES = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"];

// Loopback, the cloud's metadata service in both families, and the API server by name and by the address that kubelet
// puts into every container.
const ALWAYS_DIRECT = [
  "localhost",
  "127.0.0.1",
  "::1",
  "169.254.169.254",
  "fd00:ec2::254",
  "kubernetes.default.svc",
  "$(KUBERNETES_SERVICE_HOST)",
];

// The API server refuses a pod that would pause for longer than it may take to end. One that may take less than the usual
// pause gives half of that to it, and keeps half for the program itself.
function pauseSeconds(
  { spec }: InjectablePod,
  { preStopSeconds }: Pick<InjectionOptions, "preStopSeconds">,
): number {
  const graceSeconds = spec?.terminationGracePeriodSeconds ?? GRACE_SECONDS_DEFAULT;
  return graceSeconds > preStopSeconds ? preStopSeconds : Math.floor(graceSeconds / 2);
}

function preStop(
  container: InjectableContainer,
  path: string,
  seconds: number,
): readonly JsonPatchOperation[] {
  if (container.lifecycle?.preStop !== undefined || seconds <= 0) return [];
  const pause = { sleep: { seconds } };
  return container.lifecycle === undefined
    ? [{ op: "add", path: `${path}/lifecycle`, value: { preStop: pause } }]
    : [{ op: "add", path: `${path}/lifecycle/preStop`, value: pause }];
}
