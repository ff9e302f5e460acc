// cert-manager renews the extender's certificate and its authority while pods come steadily. The files of the extender's
// mounted Secret follow later than the webhook's caBundle, as everywhere; kube-scheduler knows the authority as it was.

import { connect } from "node:tls";
import { type CertificateLoad, caBundle, SERVER_NAME, underLoad } from "./certificate-load.ts";
import type { CertManager } from "./cert-manager.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import type { TestCluster } from "./test-cluster.ts";

const AUTHORITY = "berth-authority";
const CERTIFICATE = "berth-scheduler-extender";
/** Where cert-manager keeps them. */
const AUTHORITY_SECRET = "berth-authority";
export const CERTIFICATE_SECRET = "berth-scheduler-extender-certificate";
/** Fifteen seconds after it was issued: its duration is 2160 h. */
const RENEW_BEFORE = "2159h59m45s";
const RENEWALS = 2;

export async function renewedUnderLoad(
  cluster: TestCluster,
  certManager: CertManager,
  { url, namespace, lap }: { readonly url: string; readonly namespace: string; lap(what: string): void },
): Promise<CertificateLoad> {
  const ca = await cluster.authoritiesIn(CERTIFICATE_SECRET);
  return underLoad(cluster, { namespace, url, ca: () => ca }, async () => {
    const authority = await authorityOf(cluster);
    await certManager.renew(AUTHORITY);
    await cluster.until(async () => (await authorityOf(cluster)) !== authority, "another authority");
    lap("the authority is renewed");
    const served = new Set([await servedSerial(url)]);
    await certManager.renewBefore(CERTIFICATE, RENEW_BEFORE);
    const next = decoded(await authorityOf(cluster));
    await cluster.until(
      async () => decoded(await caBundle(cluster)).includes(next),
      "the renewed authority in the caBundle",
    );
    lap("the renewed authority is in the webhook's caBundle");
    await cluster.until(
      async () => served.add(await servedSerial(url)).size > RENEWALS,
      `the extender to serve ${RENEWALS} further certificates`,
    );
    lap(`the extender has taken up ${RENEWALS} certificates that cert-manager renewed`);
  });
}

/** Base64. */
async function authorityOf({ connection }: TestCluster): Promise<string> {
  const path = `/api/v1/namespaces/${SYSTEM_NAMESPACE}/secrets/${AUTHORITY_SECRET}`;
  const { data } = (await connection.get(path)) as { readonly data: Readonly<Record<string, string>> };
  return data["tls.crt"] ?? "";
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString();
}

/** Of the certificate that a new connection meets; who it is from is the callers' to judge. */
async function servedSerial(url: string): Promise<string> {
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port), servername: SERVER_NAME, rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}
