import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "#runtime/usage-error.ts";
import { detectTrace, loadTrace } from "./load-trace.ts";
import { loadTraceNodes } from "./node-table.ts";
import { TIANCHI_B_APPS_FILE } from "./tianchi.ts";
import { writtenFile, writtenFiles } from "./written-file.ts";

const GIB = 1024 ** 3;
const A = "pod,app,cpu_max,cpu_avg,mem_max_gib,mem_avg_gib,max_per_node,initial_node\n";
const B = "pod,app,initial_node\n";
const B_APPS = "app,replicas,max_per_node,disk_gib,cpu_curve_98pt_cores,mem_curve_98pt_gib\n";

test("a pod of set A requests its maximum, is there from the start and never leaves", async (t) => {
  const path = await writtenFile(t, "any.csv", `${A}i1,app_5,2.5,0.6,5.5,5,2,m7\ni2,app_5,2.5,0.6,5.5,5,,\n`);
  assert.equal(await detectTrace(path), "tianchi-a");
  const common = {
    app: "app_5",
    request: { cpuMilli: 2500, memoryBytes: 5.5 * GIB },
    createSeconds: 0,
    deleteSeconds: undefined,
  };
  assert.deepEqual(await loadTrace(path), [
    { id: "i1", ...common, node: "m7", maxPerNode: 2 },
    { id: "i2", ...common },
  ]);
});

test("a pod of set B requests the peak of its app's curve, found beside the pods", async (t) => {
  const [path = ""] = await writtenFiles(t, [
    { name: "pods.csv", content: `${B}i1,app_5,m7\n` },
    { name: TIANCHI_B_APPS_FILE, content: `${B_APPS}app_5,4,3,60.0,0.5|10.25|9,1|0.5|2\n` },
  ]);
  assert.equal(await detectTrace(path), "tianchi-b");
  assert.deepEqual(await loadTrace(path), [
    {
      id: "i1",
      app: "app_5",
      request: { cpuMilli: 10_250, memoryBytes: 2 * GIB },
      createSeconds: 0,
      deleteSeconds: undefined,
      node: "m7",
      maxPerNode: 3,
    },
  ]);
});

test("set B without its table of apps, or with a hole in it, is refused", async (t) => {
  const path = await writtenFile(t, "pods.csv", `${B}i1,app_5,\n`);
  await assert.rejects(
    loadTrace(path),
    /its pods have no size here, .*tianchiB_apps_curves.csv.gz is not there/,
  );
  const appsPath = await writtenFile(t, "apps.csv", `${B_APPS}app_6,4,,60,1,1\n`);
  await assert.rejects(loadTrace(path, { appsPath }), /:2: app app_5 is not in the table of apps/);
  const broken = await writtenFile(t, "apps.csv", `${B_APPS}app_5,4,,60,1|x,1\n`);
  await assert.rejects(
    loadTrace(path, { appsPath: broken }),
    /:2: cpu_curve_98pt_cores is "x", not a number/,
  );
});

test("nodes offer what their table says, rounded down, with or without the contest's columns", async (t) => {
  const path = await writtenFile(
    t,
    "nodes.csv",
    "node,cpu,mem_gib,disk_gib,P,M,PM\nm1,31.9999,0.1,1440,7,3,7\n",
  );
  assert.deepEqual(await loadTraceNodes(path), [
    { name: "m1", allocatable: { cpuMilli: 31_999, memoryBytes: Math.floor(0.1 * GIB) } },
  ]);
  const bare = await writtenFile(t, "nodes.csv", "mem_gib,cpu,node\n64,32,m1\n64,32,m1\n");
  await assert.rejects(loadTraceNodes(bare), /:3: node m1 stands twice/);
  const idle = await writtenFile(t, "nodes.csv", "mem_gib,cpu,node\n64,0.0001,m1\n");
  await assert.rejects(loadTraceNodes(idle), /:2: node m1 offers no CPU or no memory/);
});

test("a header of no known trace is refused with those that are known", async (t) => {
  const path = await writtenFile(t, "x.csv", "name,cpu\na,1\n");
  await assert.rejects(
    detectTrace(path),
    new UsageError(
      `${path}:1: the header name,cpu is of no known trace; known headers:` +
        "\n  pod,app,cpu,mem_gib,create_s,delete_s[,node][,max_per_node]  (pod-table: one pod with its lifetime per row)" +
        "\n  pod,app,cpu_max,cpu_avg,mem_max_gib,mem_avg_gib,max_per_node,initial_node  (tianchi-a: Tianchi 2018, set A)" +
        "\n  pod,app,initial_node  (tianchi-b: Tianchi 2018, set B)" +
        "\n  name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time  (openb: Alibaba GPU 2023, pods)" +
        "\n  container_id,machine_id,time_stamp,app_du,status,cpu_request,cpu_limit,mem_size  (alibaba-2018: Alibaba 2018, container_meta, without a header)" +
        "\n  vmid,subscriptionid,deploymentid,vmcreated,vmdeleted,maxcpu,avgcpu,p95maxcpu,vmcategory,vmcorecountbucket,vmmemorybucket  (azure-vms: Azure 2017 and 2019, vmtable, without a header)",
    ),
  );
});

test("nodes or apps in place of pods are named as what they are", async (t) => {
  const nodes = await writtenFile(t, "x.csv", "node,cpu,mem_gib\nm1,1,1\n");
  await assert.rejects(detectTrace(nodes), /holds nodes, not pods/);
  const apps = await writtenFile(t, "x.csv", `${B_APPS}a,1,,1,1,1\n`);
  await assert.rejects(detectTrace(apps), /holds apps, not pods/);
});
