import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "#runtime/usage-error.ts";
import { orderedScenario, type ScenarioEvent } from "./scenario-event.ts";
import { aTracePod, SMALL_NODE } from "./test-trace.ts";

const ground = {
  pods: [aTracePod({ app: "cart" })],
  nodes: [{ name: "node-1", allocatable: SMALL_NODE, zone: "east" }],
};

test("events are in order of time, and those of one second as they were given", () => {
  const events: readonly ScenarioEvent[] = [
    { kind: "scale", atSeconds: 20, app: "cart", replicas: 3 },
    { kind: "rollout", atSeconds: 10, app: "cart" },
    { kind: "zoneLoss", atSeconds: 20, zone: "east" },
  ];
  assert.deepEqual(
    orderedScenario(events, ground).map(({ kind }) => kind),
    ["rollout", "scale", "zoneLoss"],
  );
});

test("an event that cannot happen is refused with its number and what is wrong", () => {
  const refusals: readonly (readonly [ScenarioEvent, RegExp])[] = [
    [{ kind: "scale", atSeconds: 0, app: "shop", replicas: 3 }, /event 1 .*no app "shop"/],
    [{ kind: "scale", atSeconds: 0, app: "cart", replicas: 2.5 }, /whole number/],
    [{ kind: "zoneLoss", atSeconds: 0, zone: "west" }, /zone "west"; the nodes' zones: east/],
    [{ kind: "nodeLoss", atSeconds: 0, nodes: { names: ["node-2"] } }, /no node "node-2"/],
    [{ kind: "nodeLoss", atSeconds: 0, nodes: { count: 0 } }, /count is 0; it is 1 or more/],
    [{ kind: "drain", atSeconds: Number.NaN, nodes: { count: 1 } }, /atSeconds/],
    [{ kind: "proxyUpgrade", atSeconds: 0, nodesAtOnce: 1, stepSeconds: -1 }, /stepSeconds is -1/],
  ];
  for (const [event, message] of refusals) {
    assert.throws(
      () => orderedScenario([event], ground),
      (error: unknown) => error instanceof UsageError && message.test(error.message),
      event.kind,
    );
  }
});

test("nodes of a fleet that grows are lost by number, not by name", () => {
  const grown = { ...ground, nodes: undefined };
  assert.throws(
    () => orderedScenario([{ kind: "drain", atSeconds: 0, nodes: { names: ["node-1"] } }], grown),
    /give a count/,
  );
  orderedScenario([{ kind: "drain", atSeconds: 0, nodes: { count: 1 } }], grown);
});
