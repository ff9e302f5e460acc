// What a run leaves on the machine: compares what is there after it with what was there before.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { GROUP_ROOT, groups } from "./control-groups.ts";

/** Kinds of things, each with the names of those that are there. */
export type Inventory = Readonly<Record<string, readonly string[]>>;

/** Settings of the kernel that kubelet, kube-proxy and CNI plugins are known to write. */
const SETTINGS = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
  "net/ipv4/ip_forward",
  "net/ipv4/conf/all/route_localnet",
];
/** Folders in which a node's programs keep things when nobody tells them otherwise. */
const FOLDERS = ["/run", "/var/run/netns", "/var/lib", "/var/lib/cni", "/etc/cni", "/opt/cni"];

/**
 * @param runFolder folder of the run; a process belongs to it if its command or environment names that folder, or if it
 *   is in a control group of the node's
 */
export function takeInventory(runFolder: string): Inventory {
  return {
    processes: processesOf(runFolder).map(({ pid, command }) => `${pid} ${command}`),
    mounts: readFileSync("/proc/self/mounts", "utf8").trim().split("\n"),
    // Where there is one, there are hundreds below it.
    "control groups": groups().filter((group) => group.endsWith(GROUP_ROOT)),
    "network interfaces": readdirSync("/sys/class/net"),
    "network namespaces": networkNamespaces(runFolder),
    routes: output("ip", "route", "show", "table", "all").filter((line) => !line.includes("cache")),
    "iptables rules": output("iptables-save").filter((line) => line.startsWith("-A")),
    "kernel settings": SETTINGS.filter((name) => existsSync(`/proc/sys/${name}`)).map(
      (name) => `${name} = ${readFileSync(`/proc/sys/${name}`, "utf8").trim()}`,
    ),
    folders: FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
      readdirSync(folder).map((name) => `${folder}/${name}`),
    ),
  };
}

/** One line for each thing that was not there before. */
export function leftovers(before: Inventory, after: Inventory): readonly string[] {
  return Object.entries(after).flatMap(([kind, names]) => {
    const known = new Set(before[kind]);
    return names.filter((name) => !known.has(name)).map((name) => `${kind}: ${name}`);
  });
}

export interface RunProcess {
  readonly pid: number;
  readonly command: string;
}

/** Processes that the run started, this one excepted. */
export function processesOf(runFolder: string): readonly RunProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => ({
      pid: Number(pid),
      command: read(`/proc/${pid}/cmdline`),
      environment: read(`/proc/${pid}/environ`),
      group: read(`/proc/${pid}/cgroup`),
    }))
    .filter(
      ({ command, environment, group }) =>
        command.includes(runFolder) || environment.includes(runFolder) || group.includes(`:${GROUP_ROOT}/`),
    )
    .map(({ pid, command }) => ({ pid, command: command.replaceAll("\0", " ").trim() }));
}

// A process may be gone by now.
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

// Those of the run's processes. One without processes has a mount; and the node's own has the other end of the cable,
// so that a network interface stays as long as it does. Others on the machine make namespaces, too.
function networkNamespaces(runFolder: string): readonly string[] {
  const own = readlinkSync("/proc/self/ns/net");
  const links = processesOf(runFolder).flatMap(({ pid }) => {
    try {
      return [readlinkSync(`/proc/${pid}/ns/net`)];
    } catch {
      return [];
    }
  });
  return [...new Set(links)].filter((link) => link !== own);
}

function output(program: string, ...args: readonly string[]): readonly string[] {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    .trim()
    .split("\n");
}
