// Ports of the node that pods take: pkg/scheduler/framework/plugins/nodeports, framework HostPortInfo.

export interface HostPort {
  /** Absent, empty or 0.0.0.0: every address of the node. */
  readonly ip?: string;
  /** TCP by default. */
  readonly protocol?: string;
  readonly port: number;
}

/** True if no wanted port is taken at an address that both use. */
export function portsAreFree(wanted: readonly HostPort[], taken: readonly HostPort[]): boolean {
  return wanted.every((port) => !taken.some((other) => conflicts(port, other)));
}

const ANYWHERE = "0.0.0.0";

function conflicts(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || (a.protocol ?? "TCP") !== (b.protocol ?? "TCP")) return false;
  const [ipA, ipB] = [addressOf(a), addressOf(b)];
  return ipA === ANYWHERE || ipB === ANYWHERE || ipA === ipB;
}

function addressOf({ ip }: HostPort): string {
  return ip === undefined || ip === "" ? ANYWHERE : ip;
}
