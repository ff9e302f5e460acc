// What an instance writes to its standard streams, as log lines that name the app. Bounded in length and number: a
// worker that prints in a loop must not fill the node's disk.

import type { Readable } from "node:stream";

import type { AppName } from "#model/brand.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";

import type { AccessLine } from "./access-log.ts";
import type { AuditEntry } from "./identity/audit-book.ts";

export interface InstanceOutputOptions {
  readonly app: AppName;
  readonly clock: Clock;
  readonly logger: Logger;
}

const LINE_CHARACTERS_MAX = 4_096;
/** Enough for a stack trace of every kind; the rest of the second is counted and dropped. */
const LINES_PER_SECOND_MAX = 100;

export class InstanceOutput {
  readonly #options: InstanceOutputOptions;
  #secondStartedMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #dropped = 0;

  constructor(options: InstanceOutputOptions) {
    this.#options = options;
  }

  follow(name: "stdout" | "stderr", stream: Readable): void {
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = (lines.pop() ?? "").slice(0, LINE_CHARACTERS_MAX);
      for (const line of lines) this.#write(name, line);
    });
    stream.on("end", () => {
      if (rest !== "") this.#write(name, rest);
    });
  }

  /** Bounded where they come from. */
  writeAccess(lines: readonly AccessLine[]): void {
    const { app, logger } = this.#options;
    for (const line of lines) logger.info({ app, ...line }, "request");
  }

  /** All of them. */
  writeAudit(entries: readonly AuditEntry[]): void {
    const { app, logger } = this.#options;
    for (const entry of entries) logger.warn({ audit: "caller-refused", app, ...entry }, "caller refused");
  }

  /** Once per try, which comes every few seconds. */
  writePortFailure(port: number, error: string): void {
    const { app, logger } = this.#options;
    logger.warn({ app, port, error }, "a TCP port cannot be had; the others serve");
  }

  #write(stream: "stdout" | "stderr", line: string): void {
    const { app, clock, logger } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs - this.#secondStartedMs >= 1000) {
      if (this.#dropped > 0) logger.warn({ app, lines: this.#dropped }, "instance output dropped");
      this.#secondStartedMs = nowMs;
      this.#lines = 0;
      this.#dropped = 0;
    }
    this.#lines += 1;
    if (this.#lines > LINES_PER_SECOND_MAX) this.#dropped += 1;
    else logger.info({ app, stream, line: line.slice(0, LINE_CHARACTERS_MAX) }, "instance output");
  }
}
