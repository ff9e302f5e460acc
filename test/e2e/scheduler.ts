// kube-scheduler, without the extender as a new cluster has it, or with the configuration that manifests/ ships.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { freePort } from "#cli/start/free-port.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { LEASES, resourcePath } from "#kube/resource-path.ts";
import { type ControlPlane, HOST, writeJson } from "./control-plane.ts";
import type { LoggedProcess } from "./logged-process.ts";

const CONFIGURATIONS = new URL("../../manifests/kube-scheduler/", import.meta.url);
const READY_MS_MAX = 120_000;

export interface ExtenderAddress {
  /** Instead of the Service's: no kube-proxy forwards cluster addresses here. */
  readonly url: string;
  /** PEM of the authority, as the extender published it; undefined for one beside kube-scheduler, over plain HTTP. */
  readonly ca: string | undefined;
  /** Instead of what is shipped: whether pods are placed without the extender while it does not answer. */
  readonly isIgnorable?: boolean | undefined;
}

export interface SchedulerSetup {
  /** Without one as in a new cluster. */
  readonly extender?: ExtenderAddress;
  /** Instead of what is shipped, or of the default. */
  readonly percentageOfNodesToScore?: number;
  /** Requests a second of its client; above the default, so that no suite waits for a client's own limit. */
  readonly clientRate?: { readonly qps: number; readonly burst: number };
  /** Of health and metrics; a free one if absent. */
  readonly port?: number;
  /** Logs every attempt, and what each plugin and the extender said of each node. */
  readonly isTalkative?: boolean;
}

/**
 * Resolves when this scheduler has its lease, that is when its caches are synced and it schedules.
 *
 * @throws Error with the end of its log if it does not get so far.
 */
export async function startScheduler(
  controlPlane: ControlPlane,
  connection: KubeConnection,
  {
    extender,
    percentageOfNodesToScore,
    clientRate = { qps: 200, burst: 300 },
    port,
    isTalkative,
  }: SchedulerSetup = {},
): Promise<LoggedProcess> {
  const kubeconfig = controlPlane.kubeconfigOf("system:kube-scheduler");
  const { folder } = controlPlane.files;
  const configuration = extender === undefined ? plainConfiguration : shippedConfiguration(folder, extender);
  const file = writeJson(controlPlane.files, "kube-scheduler.json", {
    ...configuration,
    ...(percentageOfNodesToScore === undefined
      ? {}
      : { profiles: [{ schedulerName: "default-scheduler", percentageOfNodesToScore }] }),
    clientConnection: { kubeconfig, ...clientRate },
  });
  const before = await leaseHolder(connection);
  const scheduler = controlPlane.spawn("kube-scheduler", [
    `--config=${file}`,
    `--bind-address=${HOST}`,
    `--secure-port=${port ?? (await freePort(HOST))}`,
    `--cert-dir=${folder}/scheduler-certificates`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    // The scheduling cycle alone: at this level clients log every body.
    ...(isTalkative === true ? ["--v=2", "--vmodule=schedule_one=10"] : []),
  ]);
  await scheduler.ready(async () => {
    const holder = await leaseHolder(connection);
    return holder !== "" && holder !== before;
  }, READY_MS_MAX);
  return scheduler;
}

const plainConfiguration = {
  apiVersion: "kubescheduler.config.k8s.io/v1",
  kind: "KubeSchedulerConfiguration",
};

interface SchedulerConfiguration {
  readonly extenders: readonly { readonly tlsConfig?: object }[];
}

// What an operator sets is set: the address and the authority's file. Everything else is as it is shipped.
function shippedConfiguration(folder: string, { url, ca, isIgnorable }: ExtenderAddress): object {
  const name = ca === undefined ? "configuration-beside.yaml" : "configuration.yaml";
  const shipped = parse(readFileSync(new URL(name, CONFIGURATIONS), "utf8")) as SchedulerConfiguration;
  const caFile = join(folder, "extender-ca.crt");
  if (ca !== undefined) writeFileSync(caFile, ca);
  const extenders = shipped.extenders.map((extender) => ({
    ...extender,
    urlPrefix: url,
    ...(ca === undefined ? {} : { tlsConfig: { ...extender.tlsConfig, caFile } }),
    ...(isIgnorable === undefined ? {} : { ignorable: isIgnorable }),
  }));
  return { ...shipped, extenders };
}

async function leaseHolder(connection: KubeConnection): Promise<string> {
  const path = resourcePath({ ...LEASES, namespace: "kube-system", name: "kube-scheduler" });
  try {
    const { spec } = (await connection.get(path)) as { spec?: { holderIdentity?: string } };
    return spec?.holderIdentity ?? "";
  } catch {
    // Nobody has held it yet; a server that does not answer shows when the scheduler does not get ready.
    return "";
  }
}
