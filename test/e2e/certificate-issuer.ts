// In cert-manager's place: what it would do about Berth's Certificate. The Secret with an authority's certificate, and the
// caBundle of the webhooks that say whose authority to trust.

import { makeAuthority, makeServingCertificate } from "#scheduler-extender/shell/certificate-making.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import type { TestCluster } from "./test-cluster.ts";

const GROUP = "cert-manager.io";
const WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

interface Certificate {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly secretName: string;
    readonly dnsNames: readonly string[];
    readonly isCA?: boolean;
  };
}

/** @throws Error if the manifests ask for no certificate. */
export async function issueCertificates(cluster: TestCluster): Promise<void> {
  const { connection } = cluster;
  const { items } = (await connection.get(
    `/apis/${GROUP}/v1/namespaces/${SYSTEM_NAMESPACE}/certificates`,
  )) as { readonly items: readonly Certificate[] };
  const wanted = items.find(({ spec }) => spec.isCA !== true);
  if (wanted === undefined) throw new Error("no Certificate is asked for");
  const nowMs = Date.now();
  const authority = await makeAuthority(nowMs);
  const { certificate, key } = await makeServingCertificate({
    authority,
    hosts: wanted.spec.dnsNames,
    nowMs,
  });
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  await connection.create(`/api/v1/namespaces/${SYSTEM_NAMESPACE}/secrets`, {
    metadata: { name: wanted.spec.secretName },
    type: "kubernetes.io/tls",
    data: { "tls.crt": base64(certificate), "tls.key": base64(key), "ca.crt": base64(authority.certificate) },
  });
  const webhook = (await connection.get(`${WEBHOOKS}/berth`)) as {
    readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
    readonly webhooks: readonly object[];
  };
  const from = webhook.metadata.annotations?.["cert-manager.io/inject-ca-from"];
  if (from !== `${SYSTEM_NAMESPACE}/${wanted.metadata.name}`) throw new Error(`caBundle from ${from}`);
  const operations = webhook.webhooks.map((_, index) => ({
    op: "add",
    path: `/webhooks/${index}/clientConfig/caBundle`,
    value: base64(authority.certificate),
  }));
  await connection.patch(`${WEBHOOKS}/berth`, operations, { type: "json" });
}
