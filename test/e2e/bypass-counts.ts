// Connections past its proxy, told by one of the nodes' proxies.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PROXY_USAGE_PORT } from "#cli/part-ports.ts";
import { PROXY_LABEL } from "#model/app.ts";
import type { AppName } from "#model/brand.ts";
import { bypassFamilies } from "#proxy/shell/bypass-metrics.ts";
import type { BypassCounts } from "#proxy/shell/bypass-watch.ts";
import { exposition } from "#proxy/shell/exposition.ts";
import { HOST } from "./control-plane.ts";
import { APP_NAMESPACE } from "./install-cases.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import type { TestCluster } from "./test-cluster.ts";

/** No more than the doctor asks, in the API's order. */
const ASKED_PROXIES = 16;

interface ProxyPod {
  readonly metadata: { readonly creationTimestamp: string };
  readonly status?: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

let bypassCounts: BypassCounts = new Map();

// The proxies of this suite's nodes have addresses and no processes; one of those that the doctor asks is given what a
// proxy with --count-bypassing serves, behind the API server's own way to it.
export async function plantBypass(cluster: TestCluster): Promise<void> {
  bypassCounts = new Map([[`${APP_NAMESPACE}/first` as AppName, { service: 7, other: 2 }]]);
  const server = createServer((_, response) => {
    response.end(exposition(bypassFamilies(bypassCounts, (app) => app)));
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  // A suite that failed must not wait for it.
  server.unref();
  const proxies = (await cluster.pods(SYSTEM_NAMESPACE, {
    labelSelector: PROXY_LABEL,
  })) as readonly ProxyPod[];
  // A rollout may still go on: of those whom the doctor asks, the one that it is least likely to replace.
  const [proxy] = proxies
    .filter(({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"),
    )
    .slice(0, ASKED_PROXIES)
    .toSorted((one, other) => other.metadata.creationTimestamp.localeCompare(one.metadata.creationTimestamp));
  assert.ok(proxy?.status?.podIP !== undefined, "a ready proxy");
  cluster.network.expose(proxy.status.podIP, PROXY_USAGE_PORT, (server.address() as AddressInfo).port);
}

export function takeBypassBack(): void {
  bypassCounts = new Map();
}
