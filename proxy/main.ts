// Entry point of the node proxy: flags, supervisor, signals.

import { systemClock } from "#runtime/clock.ts";
import { createLogger } from "#runtime/logger.ts";
import { USAGE_EXIT_CODE, UsageError } from "#runtime/usage-error.ts";

import { parseProxyFlags, PROXY_HELP, readProxyFlags } from "./shell/proxy-config.ts";
import type { ProxyConfig } from "./shell/proxy-config.ts";
import { Supervisor } from "./shell/supervisor.ts";

/** @param hostEntry of the process that hosts the instances, instead of the one in production. */
export async function main(argv: readonly string[], hostEntry?: URL): Promise<void> {
  try {
    const command = await commandOf(argv);
    if (command.kind === "help") process.stdout.write(PROXY_HELP);
    else if (command.kind === "answer") process.stdout.write(command.text);
    else process.exitCode = await supervise(command.config, hostEntry);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`berth proxy: ${error.message}\n`);
    process.exitCode = USAGE_EXIT_CODE;
  }
}

async function commandOf(argv: readonly string[]) {
  const given = readProxyFlags(argv);
  if (given.config === undefined && given["print-config"] !== true) return parseProxyFlags(argv, process.env);
  const { proxyCommandFromFile } = await import("./shell/proxy-settings-file.ts");
  return proxyCommandFromFile(argv, process.env);
}

async function supervise(config: ProxyConfig, hostEntry: URL | undefined): Promise<number> {
  const supervisor = new Supervisor({
    config,
    ...(hostEntry === undefined ? {} : { hostEntry }),
    clock: systemClock(),
    logger: createLogger("proxy-supervisor", config.logLevel),
    ready(controlUrl) {
      const message = { kind: "ready", controlUrl };
      process.stdout.write(`${JSON.stringify(message)}\n`);
      process.send?.(message);
    },
    unusable: (message) => void process.stderr.write(`berth proxy: ${message}\n`),
  });
  const end = (): void => supervisor.end();
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  // A parent that is gone cannot say so.
  process.on("disconnect", end);
  const exitCode = await supervisor.run();
  process.off("SIGTERM", end);
  process.off("SIGINT", end);
  process.off("disconnect", end);
  if (process.connected) process.disconnect();
  return exitCode;
}

if (import.meta.main) await main(process.argv.slice(2));
