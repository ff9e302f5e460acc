// Which settings exclude or need each other.

import { UsageError } from "#runtime/usage-error.ts";

export interface CheckedSettings {
  readonly tlsCertFile?: string | undefined;
  readonly tlsKeyFile?: string | undefined;
  readonly tlsSecret?: string | undefined;
  readonly tlsHosts?: string | undefined;
  readonly clientCa?: string | undefined;
  readonly clientName?: string | undefined;
  readonly webhookConfiguration?: string | undefined;
  readonly podName?: string | undefined;
  readonly withoutLease: boolean;
  readonly mode: "score" | "nominate";
  readonly headroomPods: number;
  readonly meshAuthoritySecret?: string | undefined;
  readonly portRangeFirst: number;
  readonly portRangeLast: number;
}

/** @throws UsageError that says which flags do not go together. */
export function checkSettings({
  tlsCertFile,
  tlsKeyFile,
  tlsSecret,
  tlsHosts,
  clientCa,
  clientName,
  webhookConfiguration,
  podName,
  withoutLease,
  mode,
  headroomPods,
  meshAuthoritySecret,
  portRangeFirst,
  portRangeLast,
}: CheckedSettings): void {
  if (portRangeLast <= portRangeFirst) {
    throw new UsageError("--port-range-last must be above --port-range-first");
  }
  if (withoutLease && podName !== undefined) {
    throw new UsageError(
      "--without-lease and --pod-name exclude each other: the label is the Lease holder's",
    );
  }
  if (withoutLease && mode === "nominate") {
    throw new UsageError("--mode nominate needs the Lease: without it nobody lifts gates");
  }
  if (withoutLease && headroomPods > 0) {
    throw new UsageError("--headroom-pods needs the Lease: only the leader makes them");
  }
  if (withoutLease && meshAuthoritySecret !== undefined) {
    throw new UsageError("--mesh-authority-secret needs the Lease: only the leader signs");
  }
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined)) {
    throw new UsageError("--tls-cert-file and --tls-key-file belong together");
  }
  if (tlsSecret !== undefined && tlsCertFile !== undefined) {
    throw new UsageError("give --tls-secret, or --tls-cert-file and --tls-key-file, not both");
  }
  if (clientCa !== undefined && tlsSecret === undefined && tlsCertFile === undefined) {
    throw new UsageError("--client-ca needs TLS: --tls-secret, or --tls-cert-file and --tls-key-file");
  }
  if (clientName !== undefined && clientCa === undefined) {
    throw new UsageError("--client-name needs --client-ca, whose certificates have that name");
  }
  if (tlsSecret === undefined && tlsHosts !== undefined) {
    throw new UsageError("--tls-hosts needs --tls-secret: certificates from files have their hosts");
  }
  if (tlsSecret === undefined && webhookConfiguration !== undefined) {
    throw new UsageError("--webhook-configuration needs --tls-secret, whose authority it is told");
  }
}
