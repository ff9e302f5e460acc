// A machine in the machine: mounts, processes and network of its own, joined to this one by a cable. A kubelet runs in
// it as on any node, with the usual paths, rules and kernel settings, and all of it ends with the first process: what
// containers, kubelet and kube-proxy leave behind goes with their namespaces. Only control groups know no such end.

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { LoggedProcess } from "#test/e2e/logged-process.ts";

// Addresses for trying out networks (RFC 2544), which are routed nowhere. Those for documentation (RFC 5737) would not
// do: virtual machines of some makes have them.
export const RANGE = "198.18.0.0/16";
/** This machine's end of the cable. */
export const HOST_ADDRESS = "198.18.0.1";
export const NODE_ADDRESS = "198.18.0.2";
export const POD_RANGE = "198.18.1.0/24";
export const SERVICE_RANGE = "198.18.2.0/24";
/** This machine's end of the cable. One at a time: a second run would have the same addresses. */
export const CABLE = "berth-node";

const CABLE_PREFIX_LENGTH = 30;
const UP_MS_MAX = 10_000;
const OUTPUT_BYTES_MAX = 64 * 1024 ** 2;
// Settings of the whole kernel that kubelet insists on. It reads them as it wants them and leaves the kernel's alone.
const KERNEL_SETTINGS: Readonly<Record<string, string>> = {
  "vm/overcommit_memory": "1",
  "vm/panic_on_oom": "0",
  "kernel/panic": "10",
  "kernel/panic_on_oops": "1",
};

export class MachineNamespace {
  readonly folder: string;
  readonly #outer: LoggedProcess;
  readonly #pid: number;
  readonly #searchPath: string;

  /**
   * Up, with its network and nothing that runs.
   *
   * @param searchPath folder of programs that are found before the machine's own
   * @throws Error with the log of what could not be made.
   */
  static async start(folder: string, searchPath: string): Promise<MachineNamespace> {
    mkdirSync(join(folder, "var", "lib"), { recursive: true });
    mkdirSync(join(folder, "var", "log"));
    mkdirSync(join(folder, "var", "tmp"), { mode: 0o1777 });
    symlinkSync("/run", join(folder, "var", "run"));
    const bindings = Object.entries(KERNEL_SETTINGS).map(([setting, value], index) => {
      const file = join(folder, `setting-${index}`);
      writeFileSync(file, `${value}\n`);
      return `mount --bind ${file} /proc/sys/${setting}`;
    });
    const script = join(folder, "init.sh");
    writeFileSync(script, initScript(folder, bindings));
    const unshared = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
    // Even if this process is killed and can do nothing any more.
    const outer = new LoggedProcess("the node's first process", "setpriv", {
      args: ["--pdeathsig", "KILL", "--", ...unshared, "bash", script],
      logFile: join(folder, "init.log"),
    });
    await outer.ready(async () => existsSync(join(folder, "is-up")), UP_MS_MAX);
    const machine = new MachineNamespace({ folder, outer, pid: firstPid(outer.pid), searchPath });
    await machine.#connect();
    return machine;
  }

  private constructor({ folder, outer, pid, searchPath }: MachineParts) {
    this.folder = folder;
    this.#outer = outer;
    this.#pid = pid;
    this.#searchPath = searchPath;
  }

  /** A program that goes on in there; its log is `NAME.log`. */
  spawn(name: string, path: string, args: readonly string[]): LoggedProcess {
    return new LoggedProcess(name, "nsenter", {
      args: [...this.#enter(), path, ...args],
      logFile: join(this.folder, `${name}.log`),
      env: this.#env(),
    });
  }

  /**
   * Standard output of a program that ends.
   *
   * @throws Error with its words if it fails.
   */
  async run(path: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)("nsenter", [...this.#enter(), path, ...args], {
      env: { ...process.env, ...this.#env() },
      maxBuffer: OUTPUT_BYTES_MAX,
    });
    return stdout;
  }

  /** Ends everything in there, and with it the namespaces. */
  async stop(): Promise<void> {
    if (existsSync(`/proc/${this.#pid}`)) process.kill(this.#pid, "SIGKILL");
    await this.#outer.stop();
    // The kernel takes the network down a little after its last process.
    const deadlineMs = Date.now() + UP_MS_MAX;
    while (existsSync(`/sys/class/net/${CABLE}`) && Date.now() < deadlineMs) await setTimeout(POLL_MS);
  }

  #enter(): readonly string[] {
    return [`--target=${this.#pid}`, "--mount", "--net", "--pid", "--"];
  }

  #env(): Record<string, string> {
    return { PATH: `${this.#searchPath}:/usr/sbin:/usr/bin:/sbin:/bin` };
  }

  async #connect(): Promise<void> {
    const ip = async (...args: readonly string[]): Promise<void> =>
      void (await promisify(execFile)("ip", args));
    await ip("link", "add", CABLE, "type", "veth", "peer", "name", "eth0", "netns", String(this.#pid));
    await ip("address", "add", `${HOST_ADDRESS}/${CABLE_PREFIX_LENGTH}`, "dev", CABLE);
    await ip("link", "set", CABLE, "up");
    await this.run("ip", "address", "add", `${NODE_ADDRESS}/${CABLE_PREFIX_LENGTH}`, "dev", "eth0");
    await this.run("ip", "link", "set", "eth0", "up");
    await this.run("ip", "route", "add", "default", "via", HOST_ADDRESS);
    for (const range of [POD_RANGE, SERVICE_RANGE])
      await ip("route", "add", range, "via", NODE_ADDRESS, "dev", CABLE);
  }
}

interface MachineParts {
  readonly folder: string;
  readonly outer: LoggedProcess;
  readonly pid: number;
  readonly searchPath: string;
}

// Bash, because the first process is also the parent of all that lose theirs, and has to see them end.
function initScript(folder: string, bindings: readonly string[]): string {
  return [
    "set -e",
    `mount --bind ${join(folder, "var")} /var`,
    "mount -t tmpfs -o mode=755 tmpfs /run",
    ...bindings,
    "mount --make-rshared /",
    "ip link set lo up",
    "echo 1 > /proc/sys/net/ipv4/ip_forward",
    `touch ${join(folder, "is-up")}`,
    "while true; do sleep 3600 & wait $!; done",
    "",
  ].join("\n");
}

function firstPid(unsharePid: number): number {
  const children = readFileSync(`/proc/${unsharePid}/task/${unsharePid}/children`, "utf8").trim();
  return Number(children.split(" ")[0]);
}

const POLL_MS = 20;
