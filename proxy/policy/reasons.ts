// Every reason for which the proxy itself answers, or gives up, instead of passing an answer on. The code travels in the
// `x-berth-reason` header and as the `reason` label of the metrics, so it is constant text without names or numbers.

export interface Reason {
  readonly code: string;
  /** The status of the answer; undefined where no answer can be given. */
  readonly statusCode: number | undefined;
  /** `throttled`: a quota refused it. `failed`: anything else. */
  readonly outcome: "throttled" | "failed";
  readonly summary: string;
  readonly help: string;
}

export const REASONS = {
  rateLimited: {
    code: "rate-limited",
    statusCode: 429,
    outcome: "throttled",
    summary: "The app's requests per second on this node are used up.",
    help: "Wait as long as Retry-After says, or raise quota.requestsPerSecond in the app's MeshProfile.",
  },
  concurrencyLimited: {
    code: "concurrency-limited",
    statusCode: 503,
    outcome: "throttled",
    summary: "The app has as many requests in progress on this node as it may have.",
    help: "Look for slow answers first; raise quota.concurrency in the app's MeshProfile if they are expected.",
  },
  queueDeadline: {
    code: "queue-deadline",
    statusCode: 503,
    outcome: "throttled",
    summary: "The request waited too long for one of the app's requests in progress on this node to end.",
    help: "Look for slow answers first; raise quota.concurrency or quota.queueMilliseconds in the app's MeshProfile.",
  },
  memoryLimited: {
    code: "memory-limited",
    statusCode: 503,
    outcome: "throttled",
    summary: "The app's instance on this node is close to its memory quota.",
    help: "Look for large or many requests in progress; raise quota.memory in the app's MeshProfile.",
  },
  connectionsLimited: {
    code: "connections-limited",
    statusCode: undefined,
    outcome: "throttled",
    summary: "The app has as many client connections on this node as it may have; the new one was closed.",
    help: "Let clients reuse connections, or raise quota.connections in the app's MeshProfile.",
  },
  descriptorsLimited: {
    code: "file-descriptors-limited",
    statusCode: undefined,
    outcome: "throttled",
    summary: "The app has as many sockets open on this node as it may have; the new connection was closed.",
    help: "Let clients reuse connections, or raise quota.fileDescriptors in the app's MeshProfile.",
  },
  sourceLimited: {
    code: "source-limited",
    statusCode: undefined,
    outcome: "throttled",
    summary:
      "One address has as many connections to the app on this node as it may have; the new one was closed.",
    help: "Let the client reuse connections. No one client may take up the room of all.",
  },
  noReadyPod: {
    code: "no-ready-pod",
    statusCode: 503,
    outcome: "failed",
    summary: "No pod of the app on this node is ready.",
    help: "Check the pods' readiness, and whether their application port is the one the proxy uses.",
  },
  connectFailed: {
    code: "connect-failed",
    statusCode: 502,
    outcome: "failed",
    summary: "The destination did not accept a connection.",
    help: "Check that the destination listens on the address and port in question.",
  },
  proxyEnding: {
    code: "proxy-ending",
    statusCode: 503,
    outcome: "failed",
    summary: "The node's proxy, or the app's instance in it, ends now, and its drain timeout is over.",
    help: "The destination has had the request. Raise --drain-timeout-seconds and the proxy's termination grace period if answers take that long.",
  },
  upstreamClosed: {
    code: "upstream-closed",
    statusCode: 502,
    outcome: "failed",
    summary: "The destination closed the connection before it answered.",
    help: "Often a server whose keep-alive timeout is shorter than the proxy's; raise it above five seconds.",
  },
  upstreamInvalid: {
    code: "upstream-invalid",
    statusCode: 502,
    outcome: "failed",
    summary: "The destination answered with something that is not valid HTTP/1.1.",
    help: "Check that the port speaks plain HTTP/1.1.",
  },
  upstreamBroken: {
    code: "upstream-broken",
    statusCode: undefined,
    outcome: "failed",
    summary:
      "The destination broke off in the middle of its answer; the client's connection was closed as well.",
    help: "Look at the destination's own logs.",
  },
  upstreamDeadline: {
    code: "upstream-deadline",
    statusCode: 504,
    outcome: "failed",
    summary: "The destination was silent for too long.",
    help: "Look at the destination's latency.",
  },
  requestDeadline: {
    code: "request-deadline",
    statusCode: 504,
    outcome: "failed",
    summary: "The answer did not begin within the time that the caller or the app's profile gives a request.",
    help: "Look at the destination's latency. The time is the less of the request's x-envoy-upstream-rq-timeout-ms and quota.requestMilliseconds in the MeshProfile of the app whose port it is.",
  },
  nameUnresolved: {
    code: "name-unresolved",
    statusCode: 502,
    outcome: "failed",
    summary: "The destination's name has no address.",
    help: "Check the name, and the DNS servers the node uses.",
  },
  destinationForbidden: {
    code: "destination-forbidden",
    statusCode: 403,
    outcome: "failed",
    summary: "The destination is the node's own loopback or a link-local address.",
    help: "Pods may not reach the node itself through the proxy. Add the address to NO_PROXY if the pod's own is meant.",
  },
  sourceUnknown: {
    code: "source-unknown",
    statusCode: 403,
    outcome: "failed",
    summary: "The outbound port is for the app's own pods on this node.",
    help: "Each app has a port of its own; use the one in the pod's HTTP_PROXY.",
  },
  identityRequired: {
    code: "identity-required",
    statusCode: 403,
    outcome: "failed",
    summary: "The app takes requests only of callers that show the identity of an app of the mesh.",
    help: "The caller is outside the mesh, or its node's proxy runs without --identity=use. The app's MeshProfile decides (identity).",
  },
  callerNotAllowed: {
    code: "caller-not-allowed",
    statusCode: 403,
    outcome: "failed",
    summary: "The app's MeshProfile does not name this caller.",
    help: "Add the caller to identity.allowedCallers in the MeshProfile of the app that is called, if it is to be let in.",
  },
  certificateExpired: {
    code: "certificate-expired",
    statusCode: 403,
    outcome: "failed",
    summary: "The caller's certificate is over, or not valid yet.",
    help: "Compare the nodes' clocks; then look at why the caller's proxy got no new certificate (its log, and the signer's).",
  },
  certificateForeign: {
    code: "certificate-foreign",
    statusCode: 403,
    outcome: "failed",
    summary: "The caller's certificate is not one of the mesh's authority.",
    help: "Somebody else speaks TLS to the inbound port, or the caller trusts and uses another mesh's authority.",
  },
  identityMalformed: {
    code: "identity-malformed",
    statusCode: 403,
    outcome: "failed",
    summary: "The caller's certificate names no app of the mesh's trust domain.",
    help: "Give all proxies and the signer the same --trust-domain.",
  },
  identityAbsent: {
    code: "identity-absent",
    statusCode: 503,
    outcome: "failed",
    summary: "The app has no certificate on this node yet to prove who it is.",
    help: "Look at the CertificateSigningRequests of signer berth.dev/mesh-app and at the extender's log: its leader signs.",
  },
  peerUnproven: {
    code: "peer-unproven",
    statusCode: 502,
    outcome: "failed",
    summary: "The node that was asked did not prove to be the app that was meant.",
    help: "Its proxy runs without --identity, has an expired certificate, or is not what it seems. Nothing was sent to it.",
  },
  notAProxyRequest: {
    code: "not-a-proxy-request",
    statusCode: 400,
    outcome: "failed",
    summary: "The outbound port takes requests whose target is a whole http:// URI.",
    help: "Use the port as HTTP_PROXY; it is no server of its own.",
  },
  connectUnsupported: {
    code: "connect-unsupported",
    statusCode: 501,
    outcome: "failed",
    summary: "The inbound port does not open tunnels.",
    help: "CONNECT belongs to the outbound port, as HTTP_PROXY or HTTPS_PROXY.",
  },
  malformedRequest: {
    code: "malformed-request",
    statusCode: 400,
    outcome: "failed",
    summary: "The request is not valid HTTP/1.1.",
    help: "Check the client.",
  },
  ambiguousRequest: {
    code: "ambiguous-request",
    statusCode: 400,
    outcome: "failed",
    summary: "Two readings of the request are possible, which is how requests are smuggled past a proxy.",
    help: "Send one Host, and either Content-Length or Transfer-Encoding.",
  },
  headersTooLarge: {
    code: "headers-too-large",
    statusCode: 431,
    outcome: "failed",
    summary: "The request's headers are too many or too large.",
    help: "Send fewer or smaller headers; cookies are the usual cause.",
  },
  requestTimeout: {
    code: "request-timeout",
    statusCode: 408,
    outcome: "failed",
    summary: "The client did not finish sending its request in time.",
    help: "Check the client and its network.",
  },
  codingUnsupported: {
    code: "transfer-coding-unsupported",
    statusCode: 501,
    outcome: "failed",
    summary: "The only transfer coding understood is chunked.",
    help: "Use Content-Encoding for compression.",
  },
  clientAborted: {
    code: "client-aborted",
    statusCode: undefined,
    outcome: "failed",
    summary: "The client went away, or stopped reading, before it had the whole answer.",
    help: "Usually the client's own timeout.",
  },
  instanceDied: {
    code: "instance-died",
    statusCode: undefined,
    outcome: "failed",
    summary: "The app's instance ended while the request was in progress.",
    help: "See the reason of the instance's last exit.",
  },
} as const satisfies Record<string, Reason>;

export type ReasonName = keyof typeof REASONS;
export type AnswerableReason = {
  [Name in ReasonName]: (typeof REASONS)[Name]["statusCode"] extends number ? Name : never;
}[ReasonName];

/** In the order of the table, which is also their order in an instance's counters. */
export const REASON_NAMES = Object.keys(REASONS) as readonly ReasonName[];

export const REASON_HEADER = "x-berth-reason";
