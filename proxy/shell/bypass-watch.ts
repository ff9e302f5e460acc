// Looks at the kernel's connection tracking of the node at a steady pace, for connections of mesh pods past the proxy.
// That takes the kernel's list in /proc (CONFIG_NF_CONNTRACK_PROCFS), which is root's and its group's to read, and pods'
// traffic that is tracked at all: whatever masquerades or translates it sees to that, networks in eBPF alone do not.

import { open } from "node:fs/promises";

import type { AppName } from "#model/brand.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";

import { BypassCount, type Bypassed } from "../policy/bypass-count.ts";
import type { NodePod } from "../policy/pod-registry.ts";
import { type TrackedConnection, trackedConnection } from "../policy/tracked-connection.ts";
import { DestinationGuard } from "./destination-guard.ts";

export interface BypassWatchOptions {
  readonly pods: () => readonly NodePod[];
  readonly isService: (address: string) => boolean;
  readonly nodeAddress: string;
  /** Reached directly by all pods. */
  readonly apiServer: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly file?: string;
}

export type BypassCounts = ReadonlyMap<AppName, Readonly<Record<Bypassed, number>>>;

const CONNTRACK = "/proc/net/nf_conntrack";
/** The kernel keeps a TCP connection that has closed for 10 s at least (nf_conntrack_tcp_timeout_close). */
const LOOK_MS = 10_000;
/** Some fifty thousand connections of the node. */
const BYTES_MAX = 8 * 1024 ** 2;
const CHUNK_BYTES = 64 * 1024;
const DNS_PORT = 53;

export class BypassWatch {
  readonly #options: BypassWatchOptions;
  readonly #count = new BypassCount();
  readonly #guard: DestinationGuard;
  readonly #apiAddress: string | undefined;
  #cancel: Cancel = () => undefined;
  #trouble = "";

  constructor(options: BypassWatchOptions) {
    this.#options = options;
    this.#guard = new DestinationGuard(options.nodeAddress);
    this.#apiAddress = options.apiServer && new URL(options.apiServer).hostname.replace(/^\[|\]$/g, "");
  }

  get counts(): BypassCounts {
    return this.#count.counts;
  }

  start(): void {
    void this.#turn();
  }

  stop(): void {
    this.#cancel();
  }

  /** One look at what is tracked now. @returns whether it could be read. */
  async look(): Promise<boolean> {
    const { nodeAddress, isService, file = CONNTRACK } = this.#options;
    const pods = this.#options.pods().filter(({ address }) => address !== nodeAddress);
    const appOf = new Map(pods.map(({ address, app }) => [address, app]));
    try {
      const connections = await trackedIn(file, appOf);
      const isMeant = (destination: string, port: number): boolean =>
        destination === nodeAddress ||
        destination === this.#apiAddress ||
        port === DNS_PORT ||
        // Loopback and the cloud's metadata.
        this.#guard.isForbidden(destination);
      this.#count.looked(connections, { appOf, isMeant, isService });
      this.#trouble = "";
      return true;
    } catch (error) {
      this.#told((error as Error).message);
      return false;
    }
  }

  async #turn(): Promise<void> {
    await this.look();
    this.#cancel = this.#options.clock.after(LOOK_MS, () => void this.#turn());
  }

  /** Once, until it is another one or was mended. */
  #told(trouble: string): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#options.logger.warn({ error: trouble }, "connections past the proxy cannot be counted");
  }
}

/** In pieces, since the list is as long as the node is busy; no more of it than is bearable. */
async function trackedIn(
  file: string,
  appOf: ReadonlyMap<string, AppName>,
): Promise<readonly TrackedConnection[]> {
  const found: TrackedConnection[] = [];
  const handle = await open(file);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest = "";
    for (let total = 0; total < BYTES_MAX;) {
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES);
      if (bytesRead === 0) break;
      total += bytesRead;
      const lines = (rest + chunk.toString("latin1", 0, bytesRead)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const connection = trackedConnection(line);
        if (connection !== undefined && appOf.has(connection.source)) found.push(connection);
      }
    }
  } finally {
    await handle.close();
  }
  return found;
}
