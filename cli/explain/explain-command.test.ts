import assert from "node:assert/strict";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { explainApi } from "#scheduler-extender/shell/explain-api.ts";
import { Explanations } from "#scheduler-extender/shell/explanations.ts";
import { DEFAULT_PROMISE_LIMITS } from "#scheduler-extender/policy/promise.ts";
import { filterNodes, prioritizeNodes } from "#scheduler-extender/policy/verbs.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { runExplain } from "./explain-command.ts";

const NODES = ["node-1", "node-2"] as readonly string[] as readonly NodeName[];
const clock = new VirtualClock(1_000);

let ledger: ClusterLedger;
let explanations: Explanations;
let extender: ReturnType<typeof createHttpServer>;
let extenderUrl: string;
let api: Server;
let apiUrl: string;
let leader: string;
let asked: string[];

beforeEach(async () => {
  ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  for (const name of NODES) {
    ledger.upsertNode(aNode({ name, cpuMilli: 1_000 }));
    ledger.upsertPod(aProxy({ node: name, cpuMilli: 100, memoryBytes: 128 * 1024 ** 2 }));
  }
  explanations = new Explanations({ ledger, clock, events: { record: () => undefined } });
  extender = createHttpServer({ bodyBytesMax: 1_024, logger: silentLogger });
  await extender.register(explainApi, { ledger, explanations, clock, unreadyReasons: () => [] });
  extenderUrl = await listen(extender, { host: "127.0.0.1", port: 0 });
  [leader, asked] = ["berth-scheduler-extender-x", []];
  // As the API server does: has the Lease, and passes on what is asked of a pod.
  api = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? "", "http://api");
    asked.push(`${pathname}${search}`);
    response.setHeader("content-type", "application/json");
    if (pathname.endsWith("/proxy/explain")) void pass(search, response);
    else response.end(JSON.stringify({ spec: { holderIdentity: leader } }));
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  apiUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});

afterEach(async () => {
  api.closeAllConnections();
  api.close();
  await extender.close();
});

async function pass(search: string, response: ServerResponse): Promise<void> {
  const answer = await fetch(`${extenderUrl}/explain${search}`);
  response.writeHead(answer.status).end(await answer.text());
}

async function explain(...argv: readonly string[]): Promise<string> {
  let text = "";
  await runExplain([...argv, `--api-server=${apiUrl}`], (part) => void (text += part));
  return text;
}

test("a bound pod's node, and why it and not another, as the leader tells it through the API server", async () => {
  const context = { nowMs: 0, limits: DEFAULT_PROMISE_LIMITS };
  filterNodes(ledger, { pod: aPod(), nodes: NODES }, { ...context, witness: explanations.filtering(aPod()) });
  const witness = explanations.choosing(aPod());
  prioritizeNodes(ledger, { pod: aPod(), nodes: NODES }, { ...context, witness });
  ledger.upsertPod(aPod({ node: "node-1" }));
  assert.equal(
    await explain("shop/cart-1"),
    `shop/cart-1: bound on node-1

When kube-scheduler last asked: app shop/cart, A = 100m 128Mi, 2 nodes judged
  verdict  nodes  B  free  reserved
  fits         2  –     –         –
  node-1 opening an instance of the app: the first by name of equals
  candidate  score          B          free          left
  node-1        10  60m 110Mi  900m 16256Mi  740m 16018Mi
  node-2         9  60m 110Mi  900m 16256Mi  740m 16018Mi
`,
  );
  assert.deepEqual(asked, [
    "/apis/coordination.k8s.io/v1/namespaces/berth-system/leases/berth-scheduler-extender",
    "/api/v1/namespaces/berth-system/pods/berth-scheduler-extender-x%3A9090/proxy/explain?pod=shop%2Fcart-1",
  ]);
});

test("what a waiting pod's nodes miss, the nearest first, and what else keeps it out", async () => {
  ledger.upsertPod(aPod({ cpuMilli: 850 }));
  ledger.upsertPod(aPod({ name: "filler", app: null, node: "node-1", cpuMilli: 200 }));
  ledger.upsertNode(aNode({ name: "bare" }));
  assert.equal(
    await explain("shop/cart-1"),
    `shop/cart-1: waiting

Now, on all nodes, some of which kube-scheduler may reject: app shop/cart, A = 850m 128Mi, 3 nodes judged
  verdict              nodes          B           free  reserved
  appDoesNotFit            1  60m 110Mi   700m 16128Mi    0m 0Mi
  meshShareDoesNotFit      1  60m 110Mi   900m 16256Mi    0m 0Mi
  proxyAbsent              1  60m 110Mi  4000m 16384Mi    0m 0Mi
  appDoesNotFit: node-1 misses 210m CPU
  meshShareDoesNotFit: node-2 misses 10m CPU
  proxyAbsent: No node proxy pod runs on this node; check the DaemonSet's node selector and tolerations.
`,
  );
});

test("a pod is named as kubectl has it too, with its flags before or after", async () => {
  ledger.upsertPod(aPod({ node: "node-1" }));
  for (const words of [
    ["pod", "cart-1", "-n", "shop"],
    ["--namespace=shop", "pod", "cart-1", "-ojson"],
    ["-n=shop", "cart-1", "-o=yaml"],
  ])
    assert.match(await explain(...words), /bound/);
});

test("the extender can be asked directly, and says it all as JSON", async () => {
  ledger.upsertPod(aPod());
  const text = await explain("pod", "shop/cart-1", "--output=json", `--url=${extenderUrl}`);
  assert.equal((JSON.parse(text) as { state: string }).state, "waiting");
  assert.deepEqual(asked, []);
});

test("what cannot be answered is said", async () => {
  const assertUsage = (words: readonly string[], said: RegExp): Promise<void> =>
    assert.rejects(explain(...words), (error) => error instanceof UsageError && said.test(error.message));
  for (const words of [["cart-1"], ["pod"], ["pod", "shop/cart-1", "shop/cart-2"], ["a/b/c", "-n=a"]])
    await assertUsage(words, /^say which pod/);
  for (const words of [[], ["deployment", "shop/cart"], ["toString", "shop/cart"]])
    await assertUsage(words, /^say what to explain: .*pod NAMESPACE\/NAME.*node NAME.*app NAMESPACE\/NAME/);
  await assert.rejects(explain("shop/cart-1", "-n", "bank"), /shop\/cart-1 is not in --namespace bank/);
  await assert.rejects(
    explain("shop/nobody"),
    /^UsageError: the extender does not explain shop\/nobody: no pod shop\/nobody that this replica knows$/,
  );
  await assert.rejects(
    explain("shop/nobody", `--url=${extenderUrl}`),
    /no pod shop\/nobody that this replica knows/,
  );
  leader = "";
  await assert.rejects(explain("shop/cart-1"), /no extender leads in namespace berth-system/);
});
