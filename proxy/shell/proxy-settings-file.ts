// The proxy's settings from a file, and what is in force of them. Loaded only where one of the two is asked for: a YAML
// parser has no place in a process that runs on every node.

import { z } from "zod";
import { printedConfig, readConfigFile } from "#runtime/config.ts";
import { flagName } from "#runtime/flags.ts";

import { type ClusterEnvironment, FLAG_DEFAULTS, parseProxyFlags, readProxyFlags } from "./proxy-config.ts";
import type { ProxyCommand } from "./proxy-config.ts";

/** What values have to be beyond their types is told by the flags of their names. */
const PROXY_SETTINGS = {
  kind: "Proxy",
  schema: z.strictObject({
    nodeName: z.string(),
    nodeAddress: z.string(),
    podName: z.string(),
    apiServer: z.string(),
    tokenFile: z.string(),
    caFile: z.string(),
    controlHost: z.string(),
    controlPort: z.number(),
    usagePort: z.number(),
    identity: z.string(),
    trustDomain: z.string(),
    meshRoots: z.string(),
    threadCgroups: z.string(),
    countBypassing: z.boolean(),
    lingerSeconds: z.number(),
    drainTimeoutSeconds: z.number(),
    logLevel: z.string(),
  }),
};

const FIELDS = Object.keys(
  PROXY_SETTINGS.schema.shape,
) as readonly (keyof typeof PROXY_SETTINGS.schema.shape)[];

/** @throws UsageError with the file's line, or the flag, for everything that is wrong. */
export function proxyCommandFromFile(
  args: readonly string[],
  environment: ClusterEnvironment,
): ProxyCommand | { readonly kind: "answer"; readonly text: string } {
  const given = readProxyFlags(args);
  const file = given.config === undefined ? {} : readConfigFile(PROXY_SETTINGS, given.config);
  // Of a flag that stands twice the later one counts.
  const command = parseProxyFlags([...Object.entries(file).flatMap(asFlag), ...args], environment);
  if (command.kind === "help" || given["print-config"] !== true) return command;
  const flags = settingsOf(given);
  const inForce = { ...settingsOf(FLAG_DEFAULTS), countBypassing: false, ...file, ...flags };
  return { kind: "answer", text: printedConfig(PROXY_SETTINGS.kind, inForce, { file, flags }) };
}

function asFlag([name, value]: readonly [string, unknown]): readonly string[] {
  if (typeof value === "boolean") return value ? [`--${flagName(name)}`] : [];
  return [`--${flagName(name)}=${String(value)}`];
}

/** Flags' texts as a file has them. */
function settingsOf(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    FIELDS.flatMap((name) => {
      const value = flags[flagName(name)];
      if (value === undefined) return [];
      return [[name, PROXY_SETTINGS.schema.shape[name] instanceof z.ZodNumber ? Number(value) : value]];
    }),
  );
}
