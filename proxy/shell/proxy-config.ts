// The proxy's configuration, from its flags.

import { isIP } from "node:net";
import { parseArgs } from "node:util";

import { DEFAULT_TRUST_DOMAIN, isTrustDomain } from "#model/spiffe-id.ts";
import { LOG_LEVELS } from "#runtime/logger.ts";
import type { LogLevel } from "#runtime/logger.ts";
import { UsageError } from "#runtime/usage-error.ts";

import { IDENTITY_MODES, type IdentityMode } from "./identity/app-identity.ts";
import type { ThreadCgroupPlace } from "./thread-cgroups.ts";

export interface ProxyConfig {
  readonly nodeName: string;
  readonly nodeAddress: string;
  /** Undefined outside of pods. */
  readonly podName: string | undefined;
  /** Undefined: pods are announced by hooks alone. */
  readonly apiServer: string | undefined;
  readonly tokenFile: string | undefined;
  readonly caFile: string | undefined;
  readonly controlHost: string;
  /** 0 lets the system choose. */
  readonly controlPort: number;
  /** Where other machines read usage and metrics, on the node's address; 0: nowhere. */
  readonly usagePort: number;
  readonly identity: IdentityMode;
  readonly trustDomain: string;
  /** The ConfigMap of the mesh's roots. */
  readonly meshRoots: { readonly namespace: string; readonly name: string };
  readonly threadCgroups: ThreadCgroupPlace;
  /** Connections of mesh pods past the proxy are counted, as far as the kernel tracks them. */
  readonly isBypassingCounted: boolean;
  readonly lingerMs: number;
  readonly drainTimeoutMs: number;
  readonly logLevel: LogLevel;
}

export type ProxyCommand = { readonly kind: "help" } | { readonly kind: "run"; readonly config: ProxyConfig };

/** By flag; what has no default is not here, or depends on where the proxy runs. */
export const FLAG_DEFAULTS = {
  "control-host": "127.0.0.1",
  "control-port": "9092",
  "usage-port": "0",
  identity: "off",
  "trust-domain": DEFAULT_TRUST_DOMAIN,
  "mesh-roots": "berth-system/berth-mesh-roots",
  "thread-cgroups": "off",
  "linger-seconds": "30",
  "drain-timeout-seconds": "30",
  "log-level": "info",
} as const;

/** Keeps a proxy that runs in a pod, of a CI system for one, from attaching to that pod's cluster. */
const NO_API_SERVER = "none";
/** A day: whoever asks for more has mistaken the unit. */
const SECONDS_MAX = 86_400;

export const PROXY_HELP = `Usage: berth proxy --node-name NAME --node-address IP [options]

Runs one mesh instance per app with pods on this node, each in a thread of its own.

  --node-name NAME              this node's name in the cluster
  --node-address IP             address on which the apps' ports listen
  --pod-name NAME               the pod that this proxy runs in: by it the proxy tells its own
                                pod from that of the next one, and waits for that one
  --api-server URL              API server to watch pods and MeshProfiles on (default: in
                                a pod the cluster's own); with "none", and by default
                                outside of pods, POST /v1/pods alone announces pods
  --token-file FILE             bearer token, read before each request
                                (default: the service account's, if there is one)
  --ca-file FILE                authorities for the API server's certificate
                                (default: the service account's, if there is one)
  --control-host IP             address of hooks, health and metrics (default 127.0.0.1)
  --control-port PORT           its port; 0 lets the system choose (default ${FLAG_DEFAULTS["control-port"]})
  --usage-port PORT             port on the node's address where GET /v1/usage,
                                /v1/releases and /metrics are served to other
                                machines; 0: nowhere (default 0)
  --identity MODE               off (default); accept: apps get certificates, and callers may
                                prove who they are by theirs; use: requests to nodes of the
                                mesh go there over mutual TLS only
  --trust-domain NAME           of the apps' identities, as the signer has it
                                (default ${DEFAULT_TRUST_DOMAIN})
  --mesh-roots NAMESPACE/NAME   ConfigMap that says whom to trust
                                (default ${FLAG_DEFAULTS["mesh-roots"]})
  --thread-cgroups WHERE        off (default); on: a CPU control group for each instance's
                                thread, below the proxy's own group; or the directory of a
                                CPU control group to make them in. It has to be writable
  --count-bypassing             counts connections of mesh pods past the proxy, by the kernel's
                                connection tracking: /proc/net/nf_conntrack has to be there
                                and readable, which it is to root's group
  --linger-seconds N            how long an instance outlives its last pod (default 30)
  --drain-timeout-seconds N     how long requests in progress may take to finish when
                                a pod, an instance or the proxy ends (default 30)
  --log-level LEVEL             ${LOG_LEVELS.join(", ")} (default info)
  --config FILE                 YAML file with settings: apiVersion config.berth.dev/v1alpha1,
                                kind Proxy, these names in camelCase; flags win over it
  --print-config                prints the settings in force and where each comes from, and ends
  --help                        this text

When it is ready, one line of JSON goes to standard output: {"kind":"ready","controlUrl":"http://…"}.
Where the proxy of the same node and address listens on the control port already, it takes
over: it listens on the apps' ports beside the other, and on the control port once ready.
SIGTERM or SIGINT drains and ends it; the second one ends it at once. It leaves each app as
soon as another proxy of the node serves it; alone, it takes new requests until those in
progress are done (at most 10 s), and then drains.

GET /startupz  200 when the newest proxy of this node is ready; for kubelet's startup probe
GET /readyz    200 when the one that answers for the node is ready
GET /livez     200 while it runs
GET /metrics   Prometheus; GET /v1/instances: apps, pods, ports and counts
GET /v1/usage  what each app's instance uses
GET /v1/releases  which version of its configuration each app has, and how it does with it
`;

/** What kubelet tells every container of the API server. */
export interface ClusterEnvironment {
  readonly KUBERNETES_SERVICE_HOST?: string | undefined;
  readonly KUBERNETES_SERVICE_PORT?: string | undefined;
}

/** @throws UsageError that names the flag and says what it takes. */
export function parseProxyFlags(args: readonly string[], environment: ClusterEnvironment): ProxyCommand {
  const flags = { ...FLAG_DEFAULTS, ...readProxyFlags(args) };
  if (flags.help === true) return { kind: "help" };
  return {
    kind: "run",
    config: {
      nodeName: required("--node-name", flags["node-name"]),
      nodeAddress: address("--node-address", required("--node-address", flags["node-address"])),
      podName: flags["pod-name"],
      apiServer: apiServer(flags["api-server"], environment),
      tokenFile: flags["token-file"],
      caFile: flags["ca-file"],
      controlHost: address("--control-host", flags["control-host"]),
      controlPort: wholeNumber("--control-port", flags["control-port"], 65_535),
      usagePort: wholeNumber("--usage-port", flags["usage-port"], 65_535),
      ...identityFlags(flags),
      threadCgroups: threadCgroups(flags["thread-cgroups"]),
      isBypassingCounted: flags["count-bypassing"] === true,
      lingerMs: seconds("--linger-seconds", flags["linger-seconds"]),
      drainTimeoutMs: seconds("--drain-timeout-seconds", flags["drain-timeout-seconds"]),
      logLevel: logLevel(flags["log-level"]),
    },
  };
}

export type GivenFlags = ReturnType<typeof parse>["values"];
type Flags = Omit<GivenFlags, keyof typeof FLAG_DEFAULTS> &
  Readonly<Record<keyof typeof FLAG_DEFAULTS, string>>;

/**
 * The flags that were given, not yet checked.
 *
 * @throws UsageError for one that is unknown or lacks its value.
 */
export function readProxyFlags(args: readonly string[]): GivenFlags {
  try {
    return parse(args).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message} (--help lists the flags)`, { cause: error });
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: false,
    options: {
      "node-name": { type: "string" },
      "node-address": { type: "string" },
      "pod-name": { type: "string" },
      "api-server": { type: "string" },
      "token-file": { type: "string" },
      "ca-file": { type: "string" },
      "control-host": { type: "string" },
      "control-port": { type: "string" },
      "usage-port": { type: "string" },
      identity: { type: "string" },
      "trust-domain": { type: "string" },
      "mesh-roots": { type: "string" },
      "thread-cgroups": { type: "string" },
      "count-bypassing": { type: "boolean" },
      "linger-seconds": { type: "string" },
      "drain-timeout-seconds": { type: "string" },
      "log-level": { type: "string" },
      config: { type: "string" },
      "print-config": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function identityFlags(flags: Flags): Pick<ProxyConfig, "identity" | "trustDomain" | "meshRoots"> {
  const mode = flags.identity;
  const identity = IDENTITY_MODES.find((known) => known === mode);
  if (identity === undefined)
    throw new UsageError(`--identity takes ${IDENTITY_MODES.join(", ")}, not ${JSON.stringify(mode)}`);
  const trustDomain = flags["trust-domain"];
  if (!isTrustDomain(trustDomain))
    throw new UsageError(
      `--trust-domain takes lower case letters, digits, dots, dashes and underscores, not ${JSON.stringify(trustDomain)}`,
    );
  const roots = flags["mesh-roots"];
  const [namespace = "", name = "", ...rest] = roots.split("/");
  if (namespace === "" || name === "" || rest.length > 0)
    throw new UsageError(`--mesh-roots takes NAMESPACE/NAME, not ${JSON.stringify(roots)}`);
  return { identity, trustDomain, meshRoots: { namespace, name } };
}

function threadCgroups(value: string): ThreadCgroupPlace {
  if (value === "off") return { kind: "off" };
  if (value === "on") return { kind: "own" };
  if (value.startsWith("/") && !value.includes("\0")) return { kind: "at", directory: value };
  throw new UsageError(
    `--thread-cgroups takes off, on or an absolute directory, not ${JSON.stringify(value)}`,
  );
}

function required(flag: string, value: string | undefined): string {
  if (value === undefined || value === "") throw new UsageError(`${flag} is required`);
  return value;
}

function address(flag: string, value: string): string {
  if (isIP(value) === 0) throw new UsageError(`${flag} takes an IP address, not ${JSON.stringify(value)}`);
  return value;
}

function apiServer(flag: string | undefined, environment: ClusterEnvironment): string | undefined {
  if (flag === undefined) return ownCluster(environment);
  if (flag === NO_API_SERVER) return undefined;
  const parsed = URL.parse(flag);
  if (parsed === null || !["http:", "https:"].includes(parsed.protocol)) {
    throw new UsageError(
      `--api-server takes an http or https URL or ${NO_API_SERVER}, not ${JSON.stringify(flag)}`,
    );
  }
  return flag;
}

function ownCluster(environment: ClusterEnvironment): string | undefined {
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "" } = environment;
  if (host === "" || port === "") return undefined;
  return `https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

function wholeNumber(flag: string, value: string, max: number): number {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(number) || number > max) {
    throw new UsageError(`${flag} takes a whole number from 0 to ${max}, not ${JSON.stringify(value)}`);
  }
  return number;
}

function seconds(flag: string, value: string): number {
  const number = /^\d{1,9}(\.\d{1,3})?$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(number) || number > SECONDS_MAX) {
    throw new UsageError(`${flag} takes seconds from 0 to ${SECONDS_MAX}, not ${JSON.stringify(value)}`);
  }
  return Math.round(number * 1000);
}

function logLevel(value: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === value);
  if (level === undefined)
    throw new UsageError(`--log-level takes ${LOG_LEVELS.join(", ")}, not ${JSON.stringify(value)}`);
  return level;
}
