import assert from "node:assert/strict";
import { test } from "node:test";
import { type HostPort, portsAreFree } from "./host-ports.ts";
import { KubeSchedulerModel } from "./kube-scheduler.ts";
import { SchedulerCluster } from "./scheduler-cluster.ts";

test("a port is taken for a protocol at an address, and at all addresses if either side means all", () => {
  const taken: readonly HostPort[] = [{ port: 80, ip: "10.0.0.1" }];
  const isFree = (port: HostPort): boolean => portsAreFree([port], taken);
  assert.equal(isFree({ port: 80, ip: "10.0.0.1" }), false);
  assert.equal(isFree({ port: 80, ip: "10.0.0.2" }), true);
  assert.equal(isFree({ port: 80 }), false);
  assert.equal(isFree({ port: 80, ip: "0.0.0.0" }), false);
  assert.equal(isFree({ port: 80, protocol: "UDP" }), true);
  assert.equal(isFree({ port: 81 }), true);
});

test("a port is free again when its pod is gone", () => {
  const cluster = new SchedulerCluster([
    { name: "n", allocatable: { cpuMilli: 1000, memoryBytes: 2 ** 30 } },
  ]);
  const pod = { request: { cpuMilli: 0, memoryBytes: 0 }, hostPorts: [{ port: 80 }, { port: 443 }] };
  const model = new KubeSchedulerModel(cluster);
  cluster.addPod("n", pod);
  assert.deepEqual(
    [...model.filter(pod).rejections.keys()],
    ["node(s) didn't have free ports for the requested pod ports"],
  );
  cluster.removePod("n", pod);
  assert.equal(model.filter(pod).feasible.length, 1);
});
