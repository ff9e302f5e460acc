// What a run came to: one value, printed for people or as JSON (keys as documented for the benches).

import type { FleetTally } from "#sim/audit/fleet-tally.ts";
import type { OvercommitAudit } from "#sim/audit/overcommit-audit.ts";
import type { ExampleTotals } from "./example-apps.ts";

export interface Summary {
  readonly pods: {
    readonly placed: number;
    readonly pending: number;
    readonly departed: number;
    /** Bound, and then refused by their node's kubelet for lack of room. */
    readonly rejected: number;
  };
  /** From here to sidecarMemoryBytes: at the moment when most pods were running. */
  readonly nodesUsed: number;
  readonly instances: number;
  readonly reuse: number;
  readonly meshMemoryBytes: number;
  readonly sidecarMemoryBytes: number;
  readonly overcommits: number;
  readonly leakedReservations: number;
  readonly resizes: number;
  readonly resizeFaults: number;
  readonly restarts: Readonly<Record<string, number>>;
  readonly proxy: { readonly requests: number; readonly failed: number; readonly throttled: number };
  readonly examples: {
    readonly sent: number;
    readonly verified: number;
    readonly failed: number;
    readonly throttled: number;
    /** Clients' counts equal the proxies', app by app and in both directions. */
    readonly agreesWithProxies: boolean;
    readonly requestsByDirection: Readonly<Record<string, number>>;
  };
  readonly seconds: number;
}

export interface SummaryInput {
  readonly tally: FleetTally;
  readonly audit: OvercommitAudit;
  readonly pending: number;
  readonly examples: ExampleTotals;
  readonly leakedReservations: number;
  readonly rejected: number;
  readonly resizes: number;
  readonly resizeFaults: number;
  readonly restarts: Readonly<Record<string, number>>;
  readonly proxy: Summary["proxy"];
  readonly agreesWithProxies: boolean;
  readonly requestsByDirection: Readonly<Record<string, number>>;
  readonly seconds: number;
}

export function summarize(input: SummaryInput): Summary {
  const { tally, audit, examples } = input;
  const { pods, nodesUsed, instances, meshMemoryBytes, sidecarMemoryBytes } = tally.peak;
  return {
    pods: {
      placed: tally.placed,
      pending: input.pending,
      departed: tally.departed,
      rejected: input.rejected,
    },
    nodesUsed,
    instances,
    reuse: instances === 0 ? 0 : rounded(pods / instances),
    meshMemoryBytes,
    sidecarMemoryBytes,
    overcommits: audit.overcommits,
    leakedReservations: input.leakedReservations,
    resizes: input.resizes,
    resizeFaults: input.resizeFaults,
    restarts: input.restarts,
    proxy: input.proxy,
    examples: {
      sent: examples.sent,
      verified: examples.verified,
      failed: examples.failed,
      throttled: examples.throttled,
      agreesWithProxies: input.agreesWithProxies,
      requestsByDirection: input.requestsByDirection,
    },
    seconds: rounded(input.seconds),
  };
}

export function summaryText(summary: Summary): string {
  const { pods, proxy, examples } = summary;
  const rows: readonly (readonly [string, string])[] = [
    [
      "pods",
      `${pods.placed} placed, ${pods.pending} pending, ${pods.departed} departed, ${pods.rejected} rejected by kubelet`,
    ],
    [
      "at the peak",
      `${summary.nodesUsed} nodes used, ${summary.instances} instances, reuse ${summary.reuse}`,
    ],
    [
      "mesh memory",
      `${gibibytes(summary.sidecarMemoryBytes)} as sidecars → ${gibibytes(summary.meshMemoryBytes)} as node proxies${saved(summary)}`,
    ],
    ["promises", `${summary.overcommits} overcommits, ${summary.leakedReservations} leaked reservations`],
    ["resizes", `${summary.resizes} (${summary.resizeFaults} deferred or refused)`],
    ["proxies", `${proxy.requests} requests, ${proxy.failed} failed, ${proxy.throttled} throttled`],
    [
      "examples",
      `${examples.verified} of ${examples.sent} answers verified, ${examples.failed} failed; counts ${examples.agreesWithProxies ? "equal" : "DIFFER from"} the proxies'`,
    ],
    ["time", `${summary.seconds} s`],
  ];
  return rows.map(([name, text]) => `  ${name.padEnd(12)} ${text}\n`).join("");
}

export function gibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}

function saved({ sidecarMemoryBytes, meshMemoryBytes }: Summary): string {
  if (sidecarMemoryBytes === 0) return "";
  const percent = Math.round((1 - meshMemoryBytes / sidecarMemoryBytes) * 100);
  return percent >= 0 ? ` (−${percent} %)` : ` (+${-percent} %)`;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
