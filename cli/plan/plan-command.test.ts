import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { UsageError } from "#runtime/usage-error.ts";
import { runPlan } from "./plan-command.ts";

let folder = "";
before(() => void (folder = mkdtempSync(join(tmpdir(), "berth-plan-"))));
after(() => rmSync(folder, { recursive: true }));

const NODES = ["n1", "n2"].map((name) => ({
  kind: "Node",
  metadata: { name },
  status: { allocatable: { cpu: "8", memory: "16Gi", pods: "110" } },
}));

function aPod(
  name: string,
  nodeName: string,
  { sidecar = true, ...over }: { sidecar?: boolean; spec?: object; metadata?: object } = {},
): object {
  const resources = { requests: { cpu: "500m", memory: "1Gi" } };
  const proxy = { name: "istio-proxy", resources: { requests: { cpu: "100m", memory: "128Mi" } } };
  return {
    kind: "Pod",
    metadata: {
      uid: name,
      name,
      namespace: "shop",
      labels: { "pod-template-hash": "7d9f" },
      ownerReferences: [{ uid: "rs", kind: "ReplicaSet", name: "cart-7d9f", controller: true }],
      ...over.metadata,
    },
    spec: { nodeName, containers: [{ name: "app", resources }, ...(sidecar ? [proxy] : [])], ...over.spec },
    status: { phase: "Running" },
  };
}

const CLUSTER = [...NODES, aPod("a", "n1"), aPod("b", "n2"), aPod("plain", "n2", { sidecar: false })];

function saved(items: readonly object[], name = "cluster.json"): string {
  const path = join(folder, name);
  const text = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  writeFileSync(path, name.endsWith(".gz") ? gzipSync(text) : text);
  return path;
}

async function printed(...argv: readonly string[]): Promise<string> {
  let text = "";
  await runPlan(argv, {
    out: (part) => (text += part),
    progress: () => undefined,
    isTerminal: false,
    hasColour: false,
  });
  return text;
}

interface Printed {
  readonly mesh: string;
  readonly apps: number;
  readonly pods: { readonly mesh: number; readonly bonded: object };
  readonly assumptions: { readonly assumedSidecars: number };
  readonly sidecars: { readonly instances: number; readonly mesh: object };
  readonly shared: { readonly instances: number };
  readonly placed: { readonly instances: number; readonly compaction: { readonly nodes: number } | null };
}

async function planned(...argv: readonly string[]): Promise<Printed> {
  return JSON.parse(await printed("--output", "json", ...argv)) as Printed;
}

test("sidecars are read off the pods, and a Deployment's pods are one app", async () => {
  const plan = await planned("--snapshot", saved(CLUSTER));
  assert.equal(plan.mesh, "sidecar");
  assert.equal(plan.apps, 1);
  assert.equal(plan.pods.mesh, 2);
  assert.deepEqual(plan.sidecars.mesh, { cpuMilli: 200, memoryBytes: 256 * 1024 ** 2 });
  assert.deepEqual([plan.sidecars.instances, plan.shared.instances, plan.placed.instances], [2, 2, 1]);
  assert.equal(plan.placed.compaction?.nodes, 1);
});

test("a gzipped snapshot gives the same bytes", async () => {
  const plain = await printed("--output", "json", "--snapshot", saved(CLUSTER));
  assert.equal(await printed("--output", "json", "--snapshot", saved(CLUSTER, "cluster.json.gz")), plain);
});

test("without sidecars all pods but the nodes' and the system's are planned for, with one assumed", async () => {
  const daemon = { ownerReferences: [{ uid: "ds", kind: "DaemonSet", name: "cni", controller: true }] };
  const items = [
    ...NODES,
    aPod("a", "n1", { sidecar: false }),
    aPod("dns", "n1", { sidecar: false, metadata: { namespace: "kube-system" } }),
    aPod("cni", "n1", { sidecar: false, metadata: daemon }),
  ];
  const plan = await planned("--snapshot", saved(items), "--sidecar-cpu", "50m");
  assert.deepEqual([plan.mesh, plan.pods.mesh, plan.assumptions.assumedSidecars], ["all", 1, 1]);
  assert.deepEqual(plan.sidecars.mesh, { cpuMilli: 50, memoryBytes: 128 * 1024 ** 2 });
});

test("pods that a plan cannot weigh are told apart, unless they are to move as well", async () => {
  const spec = { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] };
  const path = saved([...CLUSTER, aPod("disk", "n1", { spec })]);
  assert.deepEqual((await planned("--snapshot", path)).pods.bonded, { volumes: 1 });
  assert.deepEqual((await planned("--snapshot", path, "--move-all")).pods.bonded, {});
  assert.match(await printed("--snapshot", path), /1 pods stay where they are.*volumes 1\. Nodes/);
});

test("the table says what it assumes, and before → after", async () => {
  const text = await printed("--snapshot", saved(CLUSTER), "--base-mib", "20", "--rounds", "0");
  assert.match(text, /^cluster\.json: the mesh is pods with a sidecar\nassumed: an instance takes 20 MiB/);
  assert.match(text, /\nbefore → after/);
  assert.doesNotMatch(text, /nodes needed/);
});

test("what cannot work is said in a sentence", async () => {
  const text = join(folder, "text.json");
  writeFileSync(text, "nothing");
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [["--snapshot", "/no/such/file"], /\/no\/such\/file: cannot be read/],
    [["--snapshot", text], /text\.json: is not JSON/],
    [["--snapshot", saved(NODES, "nodes.json")], /holds no pods; save one with: kubectl/],
    [["--snapshot", saved([aPod("a", "n1")], "pods.json")], /holds no nodes/],
    [
      ["--snapshot", saved([...NODES, { kind: "Pod", metadata: {} }], "odd.json")],
      /a pod needs metadata\.uid/,
    ],
    [["--snapshot", saved(CLUSTER), "--mesh", "label"], /no pod is labelled berth\.dev\/mesh/],
    [
      ["--snapshot", saved(CLUSTER), "--sidecar-container", "envoy", "--mesh", "sidecar"],
      /--sidecar-container/,
    ],
    [["--snapshot", saved(CLUSTER), "--kubeconfig", "x"], /not both/],
    [["--sidecar-container", ",", "--snapshot", saved(CLUSTER)], /empty name/],
    [["--rounds", "1000"], /--rounds/],
    [["--sidecar-cpu=-1"], /--sidecar-cpu/],
  ];
  for (const [argv, message] of wrong) {
    await assert.rejects(printed(...argv), (error: unknown) => {
      assert.ok(error instanceof UsageError, `${argv.join(" ")}: ${String(error)}`);
      assert.match(error.message, message);
      return true;
    });
  }
});

test("--help names every option", async () => {
  const help = await printed("--help");
  for (const word of ["--snapshot", "--kubeconfig", "--move-all", "kubectl get nodes,pods"])
    assert.ok(help.includes(word));
});

const RECORDED = join(import.meta.dirname, "../../test/fixtures/e2e-cluster.json.gz");
/** A usual report is far smaller; one that is not has let something grow with the input. */
const REPORT_BYTES_MAX = 500_000;

test("the report of a recorded cluster is one small file, the same each time, with what it was made from", async () => {
  const [html, again] = [join(folder, "report.html"), join(folder, "again.html")];
  const text = await printed("--snapshot", RECORDED, "--rounds", "1", "--html", html);
  assert.match(text, /51 nodes, 525 pods; in the mesh: 521 pods of 60 apps/);
  await printed("--snapshot", RECORDED, "--rounds", "1", "--html", again);
  const page = readFileSync(html, "utf8");
  assert.equal(page, readFileSync(again, "utf8"));
  assert.ok(page.length < REPORT_BYTES_MAX);
  const hash = createHash("sha256").update(readFileSync(RECORDED)).digest("hex");
  for (const word of ["What does the mesh take?", "13.4 MB", "200 MB", hash, "--rounds 1"])
    assert.ok(page.includes(word), word);
  assert.ok(!page.includes(folder), "where files were is nobody's business");
});

test("a pod's name that is markup does no harm in the report", async () => {
  const path = saved([...CLUSTER], "<img src=x onerror=alert(1)>.json");
  const html = join(folder, "hostile.html");
  await printed("--snapshot", path, "--html", html);
  const page = readFileSync(html, "utf8");
  assert.ok(page.includes("&lt;img src=x onerror=alert(1)&gt;"));
  assert.ok(!page.includes("<img"));
});

test("figures are written as CSV and Parquet, and a place that cannot be written to is named", async () => {
  const [csv, parquet] = [join(folder, "csv"), join(folder, "parquet")];
  await printed("--snapshot", saved(CLUSTER), "--csv", csv, "--parquet", parquet);
  assert.deepEqual(readdirSync(csv).sort(), ["bases.csv", "bounds.csv", "states.csv"]);
  assert.deepEqual(readdirSync(parquet).sort(), ["bases.parquet", "bounds.parquet", "states.parquet"]);
  assert.match(readFileSync(join(csv, "states.csv"), "utf8"), /^state,meshPods,.*\nsidecars,2,/);
  await assert.rejects(printed("--snapshot", saved(CLUSTER), "--html", "/no/such/folder/x.html"), {
    message: /--html \/no\/such\/folder\/x\.html: there is no folder/,
  });
});

test("one decision is explained by production's own words, and a pod that has none is told why", async () => {
  const text = await printed(
    "--snapshot",
    RECORDED,
    "--rounds",
    "0",
    "--mesh",
    "sidecar",
    "--explain",
    anyPodOf(),
  );
  assert.match(text, /Placed anew: app edge\/\S+, A = .*, 51 nodes judged/);
  assert.match(text, /candidate +score +B +free +left/);
  const wrong = async (pod: string, message: RegExp): Promise<void> =>
    assert.rejects(printed("--snapshot", saved(CLUSTER), "--rounds", "0", "--explain", pod), { message });
  await wrong("shop/nobody", /there is no pod shop\/nobody/);
  await wrong("shop/plain", /shop\/plain is not in the mesh/);
  await wrong("plain", /is NAMESPACE\/NAME/);
});

function anyPodOf(): string {
  const { items } = JSON.parse(gunzipSync(readFileSync(RECORDED)).toString()) as {
    items: readonly { kind: string; metadata: { namespace?: string; name: string } }[];
  };
  const pod = items.find(({ kind, metadata }) => kind === "Pod" && metadata.namespace === "edge");
  return `edge/${pod?.metadata.name}`;
}
