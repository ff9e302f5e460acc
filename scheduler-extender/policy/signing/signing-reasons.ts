// Why the signer refuses a certificate. The code is the reason of the request's Denied (or Failed) condition and a label
// of the metrics, so it is constant text; who asked for what is in the condition's message and the audit line.

export interface SigningReason {
  readonly code: string;
  readonly summary: string;
  readonly help: string;
}

export const SIGNING_REASONS = {
  notAProxy: {
    code: "NotAProxy",
    summary: "Only the node proxies' service account is certified by this signer.",
    help: "Somebody else asks for an app's identity: find out who, from the request's spec.username.",
  },
  noNode: {
    code: "NoNode",
    summary: "The request does not say from which node it comes.",
    help: "The proxy has to use the token that kubelet mounts, which is bound to its pod and names the node (Kubernetes 1.32 and later); a token made by hand names none.",
  },
  unknownProxy: {
    code: "UnknownProxy",
    summary: "The pod that asks is no node proxy of the node that its token names.",
    help: "A proxy that ends while it asks is refused, too. Otherwise a token of the proxies' service account is used by another pod.",
  },
  malformedRequest: {
    code: "MalformedRequest",
    summary:
      "The request is no certificate request for one SPIFFE ID with a P-256 key that signed it, or asks for more.",
    help: "Proxy and extender are of releases that do not understand each other, or the request is not a proxy's.",
  },
  otherTrustDomain: {
    code: "OtherTrustDomain",
    summary: "The identity is not one of an app of this signer's trust domain.",
    help: "Give proxies and extender the same --trust-domain.",
  },
  otherUsages: {
    code: "OtherUsages",
    summary:
      "A mesh certificate is for digital signature, client auth and server auth, and for nothing else.",
    help: "Proxy and extender are of releases that do not understand each other, or the request is not a proxy's.",
  },
  appNotOnNode: {
    code: "AppNotOnNode",
    summary: "The app has no pod on the node that asks for its identity.",
    help: "A proxy is certified for the apps of its own node alone. A proxy that asks for others may be in foreign hands: look at its node.",
  },
  tooMany: {
    code: "TooMany",
    summary: "The node asks for more certificates than its apps can need.",
    help: "The proxy asks again later. If it goes on, look at the proxy's log for why it needs new ones.",
  },
} as const satisfies Record<string, SigningReason>;

export type SigningReasonName = keyof typeof SIGNING_REASONS;
