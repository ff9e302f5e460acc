// Whether several sockets may listen on one port, which is what lets a new proxy start beside the old one, and a
// worker bind while its predecessor's sockets are still being closed.

import { readFileSync } from "node:fs";

export const isReusePortSupported = process.platform === "linux";

/**
 * With it the kernel moves connections that a closing listener has not accepted to another listener of the port;
 * without it, it resets them. One setting per network namespace, Linux 5.14 and later.
 */
const MIGRATION_SETTING = "/proc/sys/net/ipv4/tcp_migrate_req";

/** @returns undefined where the kernel does not have the setting. */
export function isMigrationOn(): boolean | undefined {
  try {
    return readFileSync(MIGRATION_SETTING, "utf8").trim() === "1";
  } catch {
    return undefined;
  }
}
