// A log agent as the suite's nodes run it, in little: follows the log of every container on its node, reads each line
// and signs it. What it uses follows what the node's pods write, and nobody tells Berth so.

import { createHmac } from "node:crypto";
import { closeSync, globSync, openSync, readSync, statSync } from "node:fs";

const LOGS = "/var/log/pods/*/*/*.log";
const LOOK_MS = 200;
const CHUNK_BYTES = 256 * 1024;
/** Of work for each line: what a real agent does for parsing, enriching and compressing it. */
const ROUNDS = 40;

const offsets = new Map<string, number>();

function look(): void {
  for (const path of globSync(LOGS)) {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    const from = offsets.get(path) ?? size;
    // Kubelet has begun the file anew.
    const start = from > size ? 0 : from;
    offsets.set(path, start + (size > start ? read(path, start) : 0));
  }
}

function read(path: string, start: number): number {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const file = openSync(path, "r");
  try {
    const bytes = readSync(file, chunk, 0, CHUNK_BYTES, start);
    for (const line of chunk.toString("utf8", 0, bytes).split("\n")) sign(line);
    return bytes;
  } finally {
    closeSync(file);
  }
}

function sign(line: string): void {
  let digest = line;
  for (let round = 0; round < ROUNDS; round++)
    digest = createHmac("sha256", line).update(digest).digest("hex");
}

setInterval(look, LOOK_MS);
process.on("SIGTERM", () => process.exit(0));
