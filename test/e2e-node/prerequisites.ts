// What the suite needs of the machine and does not build: said at once and whole, not after minutes of building.

import { accessSync, constants, existsSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { UsageError } from "#runtime/usage-error.ts";
import { CABLE, RANGE } from "./machine-namespace.ts";
import { CNI_PLUGINS } from "./node-configuration.ts";

interface Prerequisite {
  readonly isMet: () => boolean;
  readonly missing: string;
}

const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  runc: ["/usr/sbin/runc"],
  "containernetworking-plugins": [
    `${CNI_PLUGINS}/bridge`,
    `${CNI_PLUGINS}/host-local`,
    `${CNI_PLUGINS}/loopback`,
  ],
  iptables: ["/usr/sbin/iptables"],
  iproute2: ["/sbin/ip"],
  "util-linux": ["/usr/bin/unshare", "/usr/bin/nsenter", "/usr/bin/setpriv"],
};
const CONTROLLERS = ["cpu", "cpuset", "memory", "pids"];
const FIX_OF_PACKAGES = "apt-get install -y";

const MACHINE: readonly Prerequisite[] = [
  { isMet: () => process.platform === "linux", missing: "Linux" },
  { isMet: () => process.getuid?.() === 0, missing: "root, to make namespaces, mounts and control groups" },
  {
    isMet: () => CONTROLLERS.every((name) => isWritable(`/sys/fs/cgroup/${name}`)),
    missing: `control groups of version 1 that can be written, for ${CONTROLLERS.join(", ")}`,
  },
  {
    isMet: () => !existsSync(`/sys/class/net/${CABLE}`),
    missing: `no other run of this suite (${CABLE} is there)`,
  },
  { isMet: () => !isRouted(), missing: `the addresses ${RANGE}, which this machine has routes to` },
];

/**
 * Returns what is missing, one line each.
 */
export function missingPrerequisites(): readonly string[] {
  const machine = MACHINE.filter(({ isMet }) => !isMet()).map(({ missing }) => missing);
  const packages = Object.entries(PACKAGES)
    .filter(([, files]) => !files.every((file) => existsSync(file)))
    .map(([name]) => name);
  if (packages.length === 0) return machine;
  return [...machine, `programs that are not installed: ${FIX_OF_PACKAGES} ${packages.join(" ")}`];
}

/** @throws UsageError that names everything that is missing. */
export function checkPrerequisites(): void {
  const missing = missingPrerequisites();
  if (missing.length === 0) return;
  throw new UsageError(
    `a real node cannot run on this machine. It needs\n${missing.map((line) => `  - ${line}`).join("\n")}`,
  );
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function isRouted(): boolean {
  return execFileSync("ip", ["route", "show", "root", RANGE], { encoding: "utf8" }).trim() !== "";
}
