// One line of /proc/net/nf_conntrack (net/netfilter/nf_conntrack_standalone.c, ct_seq_show): what the kernel tracks of a
// connection, first as whoever opened it sees it, then as its answers come, after all translation of addresses.

export interface TrackedConnection {
  readonly source: string;
  readonly sourcePort: number;
  /** As the client asked for it: a Service's cluster address, where it asked for that. */
  readonly destination: string;
  readonly destinationPort: number;
}

/** @returns undefined for what is no TCP, and for a line that is cut off. IPv6 in its shortest form. */
export function trackedConnection(line: string): TrackedConnection | undefined {
  const [, source, destination, sourcePort, destinationPort] = TCP.exec(line) ?? [];
  if (source === undefined || destination === undefined) return undefined;
  return {
    source: shortAddress(source),
    destination: shortAddress(destination),
    sourcePort: Number(sourcePort),
    destinationPort: Number(destinationPort),
  };
}

const TCP = /^ipv[46]\s+\d+\s+tcp\s+6 .*?\bsrc=(\S+) dst=(\S+) sport=(\d+) dport=(\d+) /;

/** The kernel writes all of an IPv6 address out, and Kubernetes shortens it (RFC 5952). */
function shortAddress(address: string): string {
  if (!address.includes(":")) return address;
  const groups = address.split(":").map((group) => group.replace(/^0+(?=.)/, ""));
  const text = groups.join(":");
  const runs = [...text.matchAll(/(?<![^:])0(?::0)+(?![^:])/g)];
  const [longest] = runs.toSorted(([one], [other]) => other.length - one.length);
  if (longest === undefined) return text;
  const end = longest.index + longest[0].length;
  return `${text.slice(0, longest.index).replace(/:$/, "")}::${text.slice(end).replace(/^:/, "")}`;
}
