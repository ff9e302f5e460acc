// What Berth's service accounts asked of the API server, and what the manifests permit them: the two should be one.

import { readFileSync } from "node:fs";
import type { KubeConnection } from "#kube/connection.ts";

/** One request of a component. */
export interface AuditedRequest {
  /** Name of the service account. */
  readonly account: string;
  readonly verb: string;
  readonly apiGroup: string;
  /** With its subresource: `pods/resize`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly status: number;
  readonly userAgent: string;
}

/** One verb on one resource, as one rule of a role grants it. */
export interface GrantedRight {
  readonly account: string;
  readonly verb: string;
  readonly apiGroup: string;
  readonly resource: string;
  /** Undefined: in all namespaces and on cluster-wide objects. */
  readonly namespace: string | undefined;
  /** Empty: any. */
  readonly names: readonly string[];
}

const ACCOUNT_PREFIX = "system:serviceaccount:berth-system:";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";

export function auditedRequests(auditLog: string): readonly AuditedRequest[] {
  return readFileSync(auditLog, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ user, objectRef }) => user.username.startsWith(ACCOUNT_PREFIX) && objectRef !== undefined)
    .map(({ user, verb, objectRef = {}, responseStatus, userAgent = "" }) => ({
      account: user.username.slice(ACCOUNT_PREFIX.length),
      verb,
      apiGroup: objectRef.apiGroup ?? "",
      resource: [objectRef.resource, objectRef.subresource].filter(Boolean).join("/"),
      namespace: objectRef.namespace ?? "",
      name: objectRef.name ?? "",
      status: responseStatus?.code ?? 0,
      userAgent,
    }));
}

/** Every right that a role gives to a service account of Berth's, as the API server holds it. */
export async function grantedRights(connection: KubeConnection): Promise<readonly GrantedRight[]> {
  const list = async <T>(kind: string): Promise<readonly T[]> =>
    ((await connection.get(`${RBAC}/${kind}`)) as { items: readonly T[] }).items;
  const roles = [...(await list<Role>("clusterroles")), ...(await list<Role>("roles"))];
  const bindings = [
    ...(await list<Binding>("clusterrolebindings")),
    ...(await list<Binding>("rolebindings")),
  ];
  return bindings.flatMap(({ metadata: { namespace }, roleRef, subjects = [] }) =>
    subjects
      .filter((subject) => subject.kind === "ServiceAccount" && subject.namespace === "berth-system")
      .flatMap(({ name: account }) =>
        roles
          .filter(
            ({ metadata }) =>
              metadata.name === roleRef.name &&
              metadata.namespace === (roleRef.kind === "Role" ? namespace : undefined),
          )
          .flatMap(({ rules = [] }) => rules.flatMap((rule) => rightsOf(rule, { account, namespace }))),
      ),
  );
}

export function isUse(right: GrantedRight) {
  const { account, verb, apiGroup, resource, namespace, names } = requestOf(right);
  return (request: AuditedRequest): boolean =>
    request.account === account &&
    (request.verb === verb || (verb === "create" && isCreatingApply(request))) &&
    (apiGroup === "*" || request.apiGroup === apiGroup) &&
    isOf(request.resource, resource) &&
    (namespace === undefined || request.namespace === namespace) &&
    (names.length === 0 || names.includes(request.name));
}

// A right on a subresource may be one on every kind's.
function isOf(asked: string, granted: string): boolean {
  return granted.startsWith("*/") ? asked.endsWith(granted.slice(1)) : asked === granted;
}

// Nobody requests a signer: the API server asks for these rights when a certificate is approved or put into the status.
function requestOf(right: GrantedRight): GrantedRight {
  if (right.resource !== "signers") return right;
  const subresource = right.verb === "approve" ? "approval" : "status";
  return { ...right, verb: "patch", resource: `certificatesigningrequests/${subresource}`, names: [] };
}

// A server-side apply to a name that is not there: one request that needs both rights.
function isCreatingApply({ verb, status }: AuditedRequest): boolean {
  return verb === "patch" && status === 201;
}

function rightsOf(
  { apiGroups = [], resources = [], verbs, resourceNames: names = [] }: Rule,
  scope: Pick<GrantedRight, "account" | "namespace">,
): readonly GrantedRight[] {
  return apiGroups.flatMap((apiGroup) =>
    resources.flatMap((resource) => verbs.map((verb) => ({ ...scope, verb, apiGroup, resource, names }))),
  );
}

interface AuditEvent {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

interface Role {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface Binding {
  readonly metadata: { readonly namespace?: string };
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
  }[];
}
