// The names to ask DNS for. A client that used its own resolver would search its namespace and the cluster first; one
// that uses a proxy leaves that to the proxy. The namespace is the app's, so `cart` means what it means in the pod.

const CLUSTER_DOMAIN = "cluster.local";

/** Kubernetes' services have at most this many dots before the cluster's domain: name.namespace.svc. */
const CLUSTER_DOTS_MAX = 2;

/** In the order to try them; the first that has an address wins. */
export function searchNames(host: string, namespace: string): readonly string[] {
  // A trailing dot says that the name is complete.
  if (host.endsWith(".")) return [host.slice(0, -1)];
  const dots = host.split(".").length - 1;
  if (dots > CLUSTER_DOTS_MAX) return [host];
  if (dots === 0) return [`${host}.${namespace}.svc.${CLUSTER_DOMAIN}`, host];
  if (dots === CLUSTER_DOTS_MAX && host.endsWith(".svc")) return [`${host}.${CLUSTER_DOMAIN}`, host];
  if (dots === 1) return [`${host}.svc.${CLUSTER_DOMAIN}`, host];
  return [host];
}
