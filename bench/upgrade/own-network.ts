// The bench in a network of its own, in which it may say whether the kernel hands waiting connections of a closing
// listener to another (net.ipv4.tcp_migrate_req): that setting belongs to the network namespace.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { UsageError } from "#runtime/usage-error.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
export const MIGRATIONS = { off: 0, on: 1 } as const;
export type Migration = keyof typeof MIGRATIONS;

/**
 * Runs the bench there, with these arguments and --json.
 *
 * @throws UsageError where this user may have no network namespace.
 */
export async function inOwnNetwork(migration: Migration, argv: readonly string[]): Promise<object> {
  const setUp = `ip link set lo up && echo ${MIGRATIONS[migration]} > /proc/sys/net/ipv4/tcp_migrate_req`;
  const command = `${setUp} && exec "$@"`;
  const bench = [process.execPath, MAIN, "upgrade", ...argv, "--json"];
  const child = spawn("unshare", ["--net", "--", "sh", "-c", command, "sh", ...bench], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "close") as Promise<[number]>]);
  if (code !== 0)
    throw new UsageError(
      `--migration takes a network namespace of its own, which this user cannot have here`,
    );
  return JSON.parse(output) as object;
}
