// Where the CPU control group that this process is in can be reached, from what the kernel says of it in
// /proc/self/cgroup and /proc/self/mountinfo (cgroups(7), proc_pid_mountinfo(5)).

import type { CgroupVersion } from "./thread-cgroup.ts";

export interface CpuGroup {
  readonly version: CgroupVersion;
  readonly directory: string;
}

export interface OwnGroupTexts {
  /** /proc/self/cgroup */
  readonly cgroup: string;
  /** /proc/self/mountinfo */
  readonly mountinfo: string;
}

/** Version 1 where the CPU controller is there; undefined where the group is not below what is mounted here. */
export function ownCpuGroup({ cgroup, mountinfo }: OwnGroupTexts): CpuGroup | undefined {
  const groups = cgroup.split("\n").map(parseGroup);
  const mounts = mountinfo.split("\n").flatMap(parseMount);
  const first = groups.find(({ controllers }) => controllers.includes("cpu"));
  if (first !== undefined) {
    const mount = mounts.findLast(({ type, options }) => type === "cgroup" && options.includes("cpu"));
    return groupAt("v1", first.path, mount);
  }
  const second = groups.find(({ hierarchy }) => hierarchy === "0");
  const mount = mounts.findLast(({ type }) => type === "cgroup2");
  return second === undefined ? undefined : groupAt("v2", second.path, mount);
}

interface Mount {
  /** The group that is seen at the mount's point. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** `4:cpu,cpuacct:/kubepods/…`; a path may contain colons. */
function parseGroup(line: string) {
  const [hierarchy = "", controllers = "", ...path] = line.split(":");
  return { hierarchy, controllers: controllers.split(","), path: path.join(":") };
}

/** `31 23 0:26 /root /point rw,relatime shared:9 - cgroup cgroup rw,cpu`; there may be several fields before the dash. */
function parseMount(line: string): readonly Mount[] {
  const [before = "", after] = line.split(" - ");
  const [, , , root, point] = before.split(" ");
  const [type, , options] = after?.split(" ") ?? [];
  if (root === undefined || point === undefined || type === undefined || options === undefined) return [];
  return [{ root: unescaped(root), point: unescaped(point), type, options: options.split(",") }];
}

/** Blanks and the like are written as three octal digits. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function groupAt(version: CgroupVersion, path: string, mount: Mount | undefined): CpuGroup | undefined {
  // A path that climbs is of a group outside of this process's namespace.
  if (mount === undefined || path.startsWith("/..")) return undefined;
  const root = mount.root === "/" ? "" : mount.root;
  if (path !== root && !path.startsWith(`${root}/`)) return undefined;
  const below = path.slice(root.length);
  return { version, directory: below === "/" ? mount.point : `${mount.point}${below}` };
}
