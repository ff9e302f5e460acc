// The frame of a long-running component: the settings all of them share, which clock it runs on, and how it ends.

import { hostname } from "node:os";
import { z } from "zod";
import { type Clock, systemClock } from "./clock.ts";
import { type ConfigKind, loadConfig } from "./config.ts";
import type { FlagSchema } from "./flags.ts";
import { createLogger, LOG_LEVELS, type Logger } from "./logger.ts";
import { pacedByParent, type PacedComponent } from "./pacing.ts";
import { USAGE_EXIT_CODE, UsageError } from "./usage-error.ts";

export const componentSettings = z.strictObject({
  apiServer: z
    .url()
    .optional()
    .describe("URL of an API server that needs no credentials, such as the loopback one"),
  kubeconfig: z
    .string()
    .optional()
    .describe("kubeconfig file; default: in-cluster, then the usual kubeconfig"),
  context: z.string().optional().describe("context of the kubeconfig"),
  clock: z
    .enum(["machine", "paced"])
    .default("machine")
    .describe("machine, or paced by the parent process of a replay"),
  clockSpeed: z
    .number()
    .positive()
    .default(1)
    .describe("seconds of cooldowns and histories per second of the machine"),
  clockSinceMs: z
    .int()
    .nonnegative()
    .optional()
    .describe(
      "when a faster clock showed the machine's time, in milliseconds since 1970; default: the start",
    ),
  logLevel: z
    .enum(LOG_LEVELS)
    .default("info")
    .describe(`one of ${LOG_LEVELS.join(", ")}`),
});

/** Under which name a replica leads. */
export const leaseHolder = z
  .string()
  .min(1)
  .optional()
  // No default of the schema's: the reference would name whichever machine it was written on.
  .transform((name) => name ?? hostname())
  .describe("holder name in the Lease, in a cluster the pod's name; default: the machine's name");

export type ComponentSettings = z.infer<typeof componentSettings>;

export interface ComponentContext<T> {
  readonly config: T;
  readonly logger: Logger;
  /** What decisions run on; scaled or paced in a replay. */
  readonly clock: Clock;
}

export interface RunningComponent extends PacedComponent {
  /** Where it listens, by name of the interface. */
  readonly urls: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * Runs a component until a signal: reads its settings, starts it, says so, stops it well. Exit codes: 0 after a signal
 * or an answer, 2 for what the user can mend, 1 for anything else.
 */
export async function runComponent<S extends FlagSchema>(
  kind: ConfigKind<S>,
  start: (context: ComponentContext<z.infer<S>>) => Promise<RunningComponent>,
  argv: readonly string[],
): Promise<void> {
  try {
    const loaded = loadConfig(kind, argv);
    if (loaded.kind === "answer") return void process.stdout.write(loaded.text);
    await runUntilSignal(kind.kind, loaded.config, start);
  } catch (error) {
    reportAndExit(error);
  }
}

export function reportAndExit(error: unknown): never {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(USAGE_EXIT_CODE);
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}

async function runUntilSignal<T>(
  name: string,
  config: T,
  start: (context: ComponentContext<T>) => Promise<RunningComponent>,
): Promise<void> {
  const { clock: clockKind, clockSpeed, clockSinceMs, logLevel } = config as T & ComponentSettings;
  const logger = createLogger(name, logLevel);
  const pacing = clockKind === "paced" ? await pacedByParent() : undefined;
  const clock = pacing?.clock ?? systemClock(clockSpeed, clockSinceMs);
  const component = await start({ config, logger, clock });
  pacing?.serve(component);
  process.send?.({ kind: "ready", urls: component.urls });
  logger.info({ urls: component.urls }, "ready");
  await signalled();
  logger.info("stopping");
  setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
  await component.stop();
  process.exit(0);
}

/** What stopping well may take, with an API server that does not answer; below kubelet's default grace of 30 s. */
const STOP_MS_MAX = 10_000;

async function signalled(): Promise<void> {
  // Nothing may outlive the parent that started it, and without it there is nobody to end well for.
  if (process.send !== undefined) process.once("disconnect", () => process.exit(1));
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
}
