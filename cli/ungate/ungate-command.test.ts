import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { PLACEMENT_GATE } from "#model/placing-view.ts";
import { systemClock } from "#runtime/clock.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { runUngate } from "./ungate-command.ts";

let api: LoopbackApi;
let url: string;
let text: string;

beforeEach(async () => {
  text = "";
  api = new LoopbackApi({ clock: systemClock() });
  ({ url } = await api.listen({ host: "127.0.0.1", port: 0 }));
  createPod("shop", "cart-1", [PLACEMENT_GATE]);
  createPod("shop", "cart-2", ["example.com/quota", PLACEMENT_GATE]);
  createPod("bank", "pay-1", [PLACEMENT_GATE]);
  createPod("bank", "theirs", ["example.com/quota"]);
  createPod("bank", "free", []);
});

afterEach(() => api.close());

function createPod(namespace: string, name: string, gates: readonly string[]): void {
  api.store.create("pods", {
    metadata: { namespace, name },
    spec: {
      containers: [{ name: "app", image: "i" }],
      ...(gates.length > 0 && { schedulingGates: gates.map((gate) => ({ name: gate })) }),
    },
    status: { phase: "Pending" },
  });
}

function gatesOf(namespace: string, name: string): readonly string[] {
  const gates = api.store.get("pods", { namespace, name })?.spec?.["schedulingGates"] ?? [];
  return (gates as readonly { name: string }[]).map((gate) => gate.name);
}

async function run(...argv: readonly string[]): Promise<boolean> {
  return runUngate([...argv, `--api-server=${url}`], (part) => void (text += part));
}

test("every pod is let go, and others' gates stay", async () => {
  assert.equal(await run("--all"), true);
  assert.equal(
    text,
    "3 pods held back in 2 namespaces\n  bank: 1\n  shop: 2\n3 lifted, 0 gone meanwhile, 0 failed\n",
  );
  assert.deepEqual(gatesOf("shop", "cart-1"), []);
  assert.deepEqual(gatesOf("shop", "cart-2"), ["example.com/quota"]);
  assert.deepEqual(gatesOf("bank", "theirs"), ["example.com/quota"]);
});

test("one namespace's pods are let go, and no others", async () => {
  assert.equal(await run("--namespace=bank"), true);
  assert.deepEqual(gatesOf("bank", "pay-1"), []);
  assert.deepEqual(gatesOf("shop", "cart-1"), [PLACEMENT_GATE]);
});

test("a dry run counts and lifts nothing", async () => {
  await run("--all", "--dry-run");
  assert.match(text, /^3 pods held back in 2 namespaces\n.*nothing is lifted in a dry run\n$/s);
  assert.deepEqual(gatesOf("shop", "cart-1"), [PLACEMENT_GATE]);
});

test("the report as JSON is one line", async () => {
  await run("--all", "--output=json");
  assert.deepEqual(JSON.parse(text), {
    gated: 3,
    lifted: 3,
    gone: 0,
    failed: 0,
    namespaces: { bank: 1, shop: 2 },
    failures: [],
  });
});

test("it has to be said which pods", async () => {
  for (const argv of [[], ["--all", "--namespace=shop"]]) {
    await assert.rejects(run(...argv), (error: unknown) => {
      assert.ok(error instanceof UsageError);
      assert.equal(error.message, "say which pods: either --namespace NAME or --all");
      return true;
    });
  }
});

test("an API server that does not answer is named", async () => {
  const argv = ["--all", "--api-server=http://127.0.0.1:1"];
  await assert.rejects(
    runUngate(argv, () => undefined),
    (error: unknown) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /^the pods cannot be listed: GET http:\/\/127\.0\.0\.1:1\/api\/v1\/pods/);
      return true;
    },
  );
});
