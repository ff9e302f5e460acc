// What the extender's certificate is for: the names its Service has, and the machine itself for whoever sits beside it.

import { isIP } from "node:net";
import { UsageError } from "#runtime/usage-error.ts";

const SERVICE = "berth-scheduler-extender";
/** Every name is checked on every start, and clients read the whole list. */
const HOSTS_MAX = 64;
const HOST_CHARACTERS_MAX = 253;
const DNS_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * The DNS names and IP addresses in `text`, separated by commas; without a text those of the Service in `namespace`.
 * Addresses of pods are left out: replicas share one certificate.
 *
 * @throws UsageError naming the first that is neither.
 */
export function certificateHosts(text: string | undefined, namespace: string): readonly string[] {
  if (text === undefined) {
    const service = `${SERVICE}.${namespace}`;
    // The API server asks for the first.
    return [
      `${service}.svc`,
      `${service}.svc.cluster.local`,
      service,
      SERVICE,
      "localhost",
      "127.0.0.1",
      "::1",
    ];
  }
  const hosts = [...new Set(text.split(",").map((host) => host.trim().toLowerCase()))].filter(
    (host) => host !== "",
  );
  if (hosts.length === 0 || hosts.length > HOSTS_MAX) {
    throw new UsageError(`--tls-hosts takes 1 to ${HOSTS_MAX} names or addresses, separated by commas`);
  }
  const wrong = hosts.find((host) => !isHost(host));
  if (wrong !== undefined) {
    throw new UsageError(
      `--tls-hosts: "${wrong}" is neither a DNS name (without wildcards) nor an IP address`,
    );
  }
  return hosts;
}

function isHost(host: string): boolean {
  return (
    (isIP(host) !== 0 && !host.includes("%")) || (DNS_NAME.test(host) && host.length <= HOST_CHARACTERS_MAX)
  );
}
