// One JSON object per line on standard error; standard output belongs to what a command answers.

import { pino } from "pino";

export type Logger = Pick<pino.Logger, "debug" | "info" | "warn" | "error">;

export function createLogger(component: string, level: LogLevel = "info"): Logger {
  return pino({ level, base: { component }, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
}

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** For tests and for callers that have nobody to tell. */
export const silentLogger: Logger = pino({ level: "silent" });
