// Which Service a host name means: `cart` in the app's own namespace, `cart.shop`, `cart.shop.svc` and the whole name in
// the cluster's domain, as the resolver's search list would find it (search-names.ts).

const CLUSTER_DOMAIN = "cluster.local";
const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SERVICE = new RegExp(`^(?<name>${LABEL})(\\.(?<namespace>${LABEL})(\\.svc(\\.${CLUSTER_DOMAIN})?)?)?$`);
/** A Service's name, its namespace and the domain. */
const NAME_LENGTH_MAX = 253;

/**
 * `namespace/name`; undefined for a name that no Service can have. A name of two parts may as well be a domain in the
 * internet: that there is such a Service is for the table to say.
 *
 * @param host in lower case.
 */
export function serviceKeyOf(host: string, namespace: string): string | undefined {
  if (host.length > NAME_LENGTH_MAX) return undefined;
  // A dot at the end says that the name is complete.
  const isComplete = host.endsWith(".");
  const name = isComplete ? host.slice(0, -1) : host;
  if (isComplete && !name.endsWith(`.svc.${CLUSTER_DOMAIN}`)) return undefined;
  const groups = SERVICE.exec(name)?.groups;
  if (groups === undefined) return undefined;
  return `${groups["namespace"] ?? namespace}/${groups["name"]}`;
}
