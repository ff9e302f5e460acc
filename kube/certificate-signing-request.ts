// certificates.k8s.io/v1 CertificateSigningRequest, as far as the mesh's signer and those who ask it need it.

import { z } from "zod";
import type { NodeName, PodUid } from "#model/brand.ts";
import { DecodeError } from "./decode-pod.ts";
import type { ResourceKind } from "./resource-path.ts";

export const SIGNING_REQUESTS = {
  group: "certificates.k8s.io",
  version: "v1",
  resource: "certificatesigningrequests",
} as const satisfies ResourceKind;

/** The signer that certifies apps' identities; RBAC names it. */
export const MESH_SIGNER = "berth.dev/mesh-app";

export type SigningState = "pending" | "approved" | "denied" | "failed" | "issued";

export interface SigningRequest {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly createdAtMs: number;
  /** The certificate request, PEM. */
  readonly request: string;
  readonly usages: readonly string[];
  readonly lifeMs: number | undefined;
  /** Who asks, as the API server authenticated them. */
  readonly username: string;
  /** Of the token, where it is bound to a pod. */
  readonly node: NodeName | undefined;
  readonly pod: PodUid | undefined;
  readonly state: SigningState;
  /** Of the condition that denied it or failed. */
  readonly refusal: string | undefined;
  readonly conditions: readonly object[];
  /** PEM; empty until it is issued. */
  readonly certificate: string;
}

/** Kubernetes takes a few kilobytes; ours are 500 bytes. */
const REQUEST_CHARACTERS_MAX = 16 * 1024;
const NODE_KEY = "authentication.kubernetes.io/node-name";
const POD_KEY = "authentication.kubernetes.io/pod-uid";

const condition = z.looseObject({
  type: z.string(),
  status: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
});
const schema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    creationTimestamp: z.string(),
  }),
  spec: z.object({
    request: z.string().max(REQUEST_CHARACTERS_MAX),
    usages: z.array(z.string()).nullish(),
    expirationSeconds: z.int().positive().nullish(),
    username: z.string().nullish(),
    extra: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
  }),
  status: z.object({ conditions: z.array(condition).nullish(), certificate: z.string().nullish() }).nullish(),
});

/** @throws DecodeError with the path of every field that is not as the API server stores it. */
export function decodeSigningRequest(raw: unknown): SigningRequest {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw new DecodeError(`CertificateSigningRequest: ${z.prettifyError(parsed.error)}`);
  const { metadata, spec, status } = parsed.data;
  const conditions = status?.conditions ?? [];
  const [node] = spec.extra?.[NODE_KEY] ?? [];
  const [pod] = spec.extra?.[POD_KEY] ?? [];
  const certificate = textOf(status?.certificate);
  const { expirationSeconds } = spec;
  const refused = conditions.find(({ type }) => type === "Denied" || type === "Failed");
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    createdAtMs: Date.parse(metadata.creationTimestamp),
    request: textOf(spec.request),
    usages: spec.usages ?? [],
    lifeMs: typeof expirationSeconds === "number" ? expirationSeconds * 1_000 : undefined,
    username: spec.username ?? "",
    node: node as NodeName | undefined,
    pod: pod as PodUid | undefined,
    state: stateOf(conditions, certificate),
    refusal:
      refused === undefined ? undefined : `${refused.reason ?? refused.type}: ${refused.message ?? ""}`,
    conditions,
    certificate,
  };
}

/** A request to create. @param pem the certificate request. */
export function signingRequestObject({
  pem,
  usages,
  lifeMs,
}: {
  readonly pem: string;
  readonly usages: readonly string[];
  readonly lifeMs: number;
}): object {
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { generateName: "berth-mesh-app-" },
    spec: {
      request: Buffer.from(pem).toString("base64"),
      signerName: MESH_SIGNER,
      usages,
      expirationSeconds: Math.floor(lifeMs / 1_000),
    },
  };
}

function stateOf(conditions: readonly { readonly type: string }[], certificate: string): SigningState {
  const has = (type: string): boolean => conditions.some((condition) => condition.type === type);
  if (has("Denied")) return "denied";
  if (has("Failed")) return "failed";
  if (certificate !== "") return "issued";
  return has("Approved") ? "approved" : "pending";
}

function textOf(base64: string | null | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString("utf8");
}
