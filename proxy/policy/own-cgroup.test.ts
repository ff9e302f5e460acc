import assert from "node:assert/strict";
import { test } from "node:test";

import { ownCpuGroup } from "./own-cgroup.ts";

const V1_MOUNTS = `25 20 0:22 / /proc rw - proc proc rw
31 23 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
32 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 master:2 - cgroup cgroup rw,cpu,cpuacct
33 23 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`;
const V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

test("the group of version 1 is the one of the CPU controller", () => {
  const cgroup = "9:memory:/other\n4:cpu,cpuacct:/system.slice/berth.service\n3:cpuset:/\n0::/unified\n";
  assert.deepEqual(ownCpuGroup({ cgroup, mountinfo: V1_MOUNTS }), {
    version: "v1",
    directory: "/sys/fs/cgroup/cpu,cpuacct/system.slice/berth.service",
  });
});

test("without a controller of version 1 it is the group of version 2", () => {
  assert.deepEqual(ownCpuGroup({ cgroup: "0::/berth:a\n", mountinfo: V2_MOUNT }), {
    version: "v2",
    directory: "/sys/fs/cgroup/berth:a",
  });
  assert.equal(ownCpuGroup({ cgroup: "0::/\n", mountinfo: V2_MOUNT })?.directory, "/sys/fs/cgroup");
});

test("a container that sees its own group alone finds it at the mount", () => {
  const mountinfo = String.raw`40 39 0:27 /kubepods/pod\0401 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu`;
  const at = (path: string) => ownCpuGroup({ cgroup: `4:cpu:${path}\n`, mountinfo })?.directory;
  assert.equal(at("/kubepods/pod 1"), "/sys/fs/cgroup/cpu");
  assert.equal(at("/kubepods/pod 1/inner"), "/sys/fs/cgroup/cpu/inner");
  assert.equal(at("/kubepods/pod 12"), undefined);
});

test("a group that cannot be reached from here is none", () => {
  assert.equal(ownCpuGroup({ cgroup: "0::/../other\n", mountinfo: V2_MOUNT }), undefined);
  assert.equal(ownCpuGroup({ cgroup: "4:cpu:/\n", mountinfo: V2_MOUNT }), undefined);
  assert.equal(ownCpuGroup({ cgroup: "", mountinfo: "" }), undefined);
  assert.equal(ownCpuGroup({ cgroup: "nonsense", mountinfo: "nonsense - \n" }), undefined);
});
