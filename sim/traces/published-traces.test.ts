import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "#runtime/usage-error.ts";
import { detectTrace, loadTrace } from "./load-trace.ts";
import { loadTraceNodes } from "./node-table.ts";
import { writtenFile, writtenFiles } from "./written-file.ts";

const GIB = 1024 ** 3;

const OPENB_PODS =
  "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n" +
  "p0,12000,16384,1,1000,,LS,Running,0,12537496,0\np1,6000,12288,1,460,T4,BE,Pending,427061,,\n";

test("openb's pods are apps of their own, and one without a deletion time stays", async (t) => {
  const path = await writtenFile(t, "pods.csv", OPENB_PODS);
  assert.equal(await detectTrace(path), "openb");
  assert.deepEqual(await loadTrace(path), [
    {
      id: "p0",
      app: "p0",
      request: { cpuMilli: 12_000, memoryBytes: 16 * GIB },
      createSeconds: 0,
      deleteSeconds: 12_537_496,
    },
    {
      id: "p1",
      app: "p1",
      request: { cpuMilli: 6000, memoryBytes: 12 * GIB },
      createSeconds: 427_061,
      deleteSeconds: undefined,
    },
  ]);
});

test("openb's nodes are a table of nodes, and are told from pods", async (t) => {
  const path = await writtenFile(t, "nodes.csv", "sn,cpu_milli,memory_mib,gpu,model\nn0,32000,262144,0,\n");
  assert.deepEqual(await loadTraceNodes(path), [
    { name: "n0", allocatable: { cpuMilli: 32_000, memoryBytes: 256 * GIB } },
  ]);
  await assert.rejects(detectTrace(path), /holds nodes, not pods/);
});

const VMS =
  "vm1,sub,dep,0,2591700,99.3,3.4,10.1,Delay-insensitive,4,32\nvm2,sub,dep,300,300,9,3,8,Unknown,>24,>64\n";

test("Azure's VM table has no header, open buckets, and lives of one bin at least", async (t) => {
  const path = await writtenFile(t, "vmtable.csv", VMS);
  assert.equal(await detectTrace(path), "azure-vms");
  const [first, second] = await loadTrace(path);
  assert.deepEqual(first, {
    id: "vm1",
    app: "dep",
    request: { cpuMilli: 4000, memoryBytes: 32 * GIB },
    createSeconds: 0,
    deleteSeconds: 2_591_700,
  });
  assert.deepEqual(second?.request, { cpuMilli: 30_000, memoryBytes: 70 * GIB });
  assert.equal(second?.deleteSeconds, 600);
});

test("a header in front of Azure's table is no VM", async (t) => {
  const header =
    "vmid,subscriptionid,deploymentid,vmcreated,vmdeleted,maxcpu,avgcpu,p95maxcpu,vmcategory,vmcorecountbucket,vmmemorybucket\n";
  const path = await writtenFile(t, "vmtable.csv", header + VMS);
  assert.equal((await loadTrace(path)).length, 2);
});

const CONTAINERS =
  "c_1,m_1,0,app_5052,started,400,400,1.56\nc_2,m_1,0,app_5052,started,800,800,12.5\n" +
  "c_1,m_1,287942,app_5052,started,400,400,3.12\nc_2,m_1,338909,app_5052,stopped,800,800,12.5\n";

test("Alibaba's containers have one row per state: the largest size counts, and a stopped one has left", async (t) => {
  const path = await writtenFile(t, "container_meta.csv", CONTAINERS);
  assert.equal(await detectTrace(path), "alibaba-2018");
  assert.deepEqual(await loadTrace(path, { largestMachineGib: 200 }), [
    {
      id: "c_1",
      app: "app_5052",
      request: { cpuMilli: 4000, memoryBytes: Math.ceil(0.0312 * 200 * GIB) },
      createSeconds: 0,
      deleteSeconds: undefined,
      node: "m_1",
    },
    {
      id: "c_2",
      app: "app_5052",
      request: { cpuMilli: 8000, memoryBytes: 25 * GIB },
      createSeconds: 0,
      deleteSeconds: 338_909,
      node: "m_1",
    },
  ]);
});

test("with the table of usage a container requests its peak; invalid samples and unknown containers are passed over", async (t) => {
  const usage =
    "c_1,m_1,10,20,50,1.2,0.1,3,0,0,1\nc_1,m_1,20,101,-1,,,,,,\nc_1,m_1,30,40,25,,,,,,\nc_9,m_1,30,99,99,,,,,,\n";
  const [path = "", usagePath = ""] = await writtenFiles(t, [
    { name: "container_meta.csv", content: CONTAINERS },
    { name: "container_usage.csv", content: usage },
  ]);
  const [first, second] = await loadTrace(path, { usagePath, largestMachineGib: 100 });
  assert.equal(first?.request.cpuMilli, 1600);
  assert.equal(first?.request.memoryBytes, Math.ceil(0.0312 * 0.5 * 100 * GIB));
  assert.equal(second?.request.cpuMilli, 8000);
  await assert.rejects(detectTrace(usagePath), /holds usage, not containers/);
});

test("a malformed row of a published trace is named with file, line and column", async (t) => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    [
      OPENB_PODS.replace(",6000,", ",six,"),
      /pods\.csv:3: cpu_milli is "six", not a number; expected columns name,/,
    ],
    [
      OPENB_PODS.replace("427061,,", "427061,5,"),
      /pods\.csv:3: deletion_time 5 lies before creation_time 427061/,
    ],
    [VMS.replace("300,300", "300,200"), /pods\.csv:2: vmdeleted 200 lies before vmcreated 300/],
    [VMS.replace(">24", ">>24"), /pods\.csv:2: vmcorecountbucket is ">>24", not a number/],
    [VMS.replace("vm2", "vm1"), /pods\.csv:2: VM vm1 stands twice/],
    [
      CONTAINERS.replace(",12.5\nc_1", ",112.5\nc_1"),
      /pods\.csv:2: mem_size is 112\.5; normalised values are/,
    ],
    [
      CONTAINERS.replace(",800,800,12.5\nc_1", ",800,12.5\nc_1"),
      /pods\.csv:2: has 7 fields, the header has 8/,
    ],
  ];
  for (const [content, message] of wrong) {
    await assert.rejects(loadTrace(await writtenFile(t, "pods.csv", content)), (error: unknown) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});

test("a named format is taken at its word", async (t) => {
  const path = await writtenFile(t, "pods.csv", OPENB_PODS);
  await assert.rejects(loadTrace(path, { format: "azure-vms" }), /:1: .*expected columns vmid,/);
});
