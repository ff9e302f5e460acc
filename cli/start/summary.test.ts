import assert from "node:assert/strict";
import { test } from "node:test";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { FleetTally } from "#sim/audit/fleet-tally.ts";
import { NodeContents } from "#sim/audit/node-contents.ts";
import { OvercommitAudit } from "#sim/audit/overcommit-audit.ts";
import { ObjectStore } from "#sim/loopback/object-store.ts";
import { GIB } from "#test/builders/sizes.ts";
import { liveLine } from "./live-line.ts";
import { type Summary, summarize, summaryText } from "./summary.ts";

/** Two pods of one app and a third of another on a node with a proxy of 1 GiB; one of them has left. */
function aFleet(): { readonly tally: FleetTally; readonly audit: OvercommitAudit } {
  const store = new ObjectStore({ clock: new VirtualClock() });
  const contents = new NodeContents(store);
  const fleet = { tally: new FleetTally(contents), audit: new OvercommitAudit(store, contents) };
  store.create("nodes", {
    metadata: { name: "node-1" },
    status: { allocatable: { cpu: "4", memory: "64Gi" } },
  });
  const create = (name: string, labels: Readonly<Record<string, string>>, memory: string): void => {
    const containers = [{ name: "app", resources: { requests: { memory } } }];
    const metadata = { name, namespace: "shop", labels };
    store.create("pods", {
      metadata,
      spec: { nodeName: "node-1", containers },
      status: { phase: "Running" },
    });
  };
  create("proxy", { [PROXY_LABEL]: "berth" }, "1Gi");
  for (const [name, app] of Object.entries({ "cart-1": "cart", "cart-2": "cart", "pay-1": "pay" }))
    create(name, { [APP_LABEL]: app, [MESH_LABEL]: MESH_ENABLED }, "8Gi");
  store.delete("pods", { namespace: "shop", name: "cart-1" });
  return fleet;
}

function aSummary(): Summary {
  return summarize({
    ...aFleet(),
    pending: 4,
    rejected: 1,
    examples: {
      sent: 10,
      verified: 8,
      throttled: 1,
      failed: 1,
      served: 9,
      lastFailure: "timed out",
      sentByApp: { web: 5, cart: 5 },
    },
    leakedReservations: 2,
    resizes: 7,
    resizeFaults: 3,
    restarts: { extender: 1, recommender: 0 },
    proxy: { requests: 20, failed: 0, throttled: 1 },
    agreesWithProxies: true,
    requestsByDirection: { outbound: 10, inbound: 10 },
    seconds: 12.345678,
  });
}

test("a run is summed up at its peak, rounded to thousandths", () => {
  const summary = aSummary();
  assert.deepEqual(summary.pods, { placed: 3, pending: 4, departed: 1, rejected: 1 });
  const { nodesUsed, instances, reuse, meshMemoryBytes, sidecarMemoryBytes, overcommits, seconds } = summary;
  assert.deepEqual(
    { nodesUsed, instances, reuse, meshMemoryBytes, sidecarMemoryBytes, overcommits, seconds },
    {
      nodesUsed: 1,
      instances: 2,
      reuse: 1.5,
      meshMemoryBytes: GIB,
      sidecarMemoryBytes: 6 * GIB,
      overcommits: 0,
      seconds: 12.346,
    },
  );
  assert.equal("served" in summary.examples, false);
});

test("the summary for people says what was saved, and shouts where counts differ", () => {
  const text = summaryText(aSummary());
  assert.match(text, /^ {2}mesh memory {2}6\.0 GiB as sidecars → 1\.0 GiB as node proxies \(−83 %\)$/m);
  assert.match(text, /^ {2}examples {5}8 of 10 answers verified, 1 failed; counts equal the proxies'$/m);
  const differing = { ...aSummary(), meshMemoryBytes: 9 * GIB };
  const examples = { ...differing.examples, agreesWithProxies: false };
  assert.match(summaryText({ ...differing, examples }), /\(\+50 %\)[^]*counts DIFFER from the proxies'/);
});

test("a run without pods has no reuse and saves nothing", () => {
  const store = new ObjectStore({ clock: new VirtualClock() });
  const contents = new NodeContents(store);
  const empty = { tally: new FleetTally(contents), audit: new OvercommitAudit(store, contents) };
  const summary = summarize({ ...aSummary(), ...empty, ...aSummaryInputOfNothing() });
  assert.equal(summary.reuse, 0);
  assert.match(summaryText(summary), /0\.0 GiB as sidecars → 0\.0 GiB as node proxies$/m);
});

function aSummaryInputOfNothing() {
  const examples = {
    sent: 0,
    verified: 0,
    throttled: 0,
    failed: 0,
    served: 0,
    lastFailure: "",
    sentByApp: {},
  };
  return { examples, pending: 0, rejected: 0, agreesWithProxies: true, requestsByDirection: {} };
}

test("the live line tells the time of the trace, who waits and what the mesh takes", () => {
  const totals = { pods: 3, nodesUsed: 1, instances: 2, meshMemoryBytes: GIB, sidecarMemoryBytes: 6 * GIB };
  const figures = {
    traceSeconds: 3_725.9,
    traceSecondsMax: 7_200,
    totals,
    placed: 4,
    pending: 1,
    requests: 8,
  };
  assert.equal(
    liveLine(figures),
    "trace 01:02:05 of 02:00:00 · 4 placed (1 wait), 3 running on 1 nodes · 2 instances, reuse 1.50 · mesh 1.0 GiB, as sidecars 6.0 GiB · 8 requests verified",
  );
  const nothing = { pods: 0, nodesUsed: 0, instances: 0, meshMemoryBytes: 0, sidecarMemoryBytes: 0 };
  assert.match(liveLine({ ...figures, traceSeconds: 7_201 }), /^trace over, 02:00:01; Ctrl-C ends · /);
  const line = liveLine({ ...figures, totals: nothing, pending: 0 });
  assert.match(line, /4 placed, 0 running on 0 nodes · 0 instances, reuse – /);
});
