// What the extender's port serves with: a certificate of its own making, one from files, or none.

import type { KubeConnection } from "#kube/connection.ts";
import { systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { ServingCertificate, type TlsMaterial } from "#runtime/serving-certificate.ts";
import { CertificateFiles } from "./certificate-files.ts";
import { certificateHosts } from "./certificate-hosts.ts";
import { CertificateKeeper } from "./certificate-keeper.ts";
import { readClientAuthorities } from "./client-certificate.ts";

export interface CertificateSettings {
  readonly tlsSecret?: string | undefined;
  readonly tlsHosts?: string | undefined;
  readonly tlsCertFile?: string | undefined;
  readonly tlsKeyFile?: string | undefined;
  readonly webhookConfiguration?: string | undefined;
  readonly clientCa?: string | undefined;
  readonly leaseNamespace: string;
}

export interface ServedCertificate {
  readonly certificate: ServingCertificate;
  /** Exchanges it from now on whenever there is another. */
  keep(): void;
  stop(): Promise<void>;
}

/**
 * Undefined if the port is to speak plain HTTP.
 *
 * @throws UsageError for what has to be mended first; OperationError if the API server stays away.
 */
export async function servedCertificate(
  settings: CertificateSettings,
  connection: KubeConnection,
  logger: Logger,
): Promise<ServedCertificate | undefined> {
  const { clientCa, tlsCertFile: certFile, tlsKeyFile: keyFile } = settings;
  const callers = { clientAuthorities: clientCa === undefined ? undefined : readClientAuthorities(clientCa) };
  const keeper = certificateKeeper(settings, connection, logger);
  if (keeper !== undefined) return kept(new ServingCertificate(await keeper.begin(), callers), keeper);
  if (certFile === undefined || keyFile === undefined) return undefined;
  const paths = { certFile, keyFile };
  const certificate = ServingCertificate.fromFiles(paths, callers);
  return kept(certificate, new CertificateFiles({ paths, clock: systemClock(), logger }));
}

interface Source {
  keep(adopt: (material: TlsMaterial) => void): void;
  stop(): Promise<void>;
}

function kept(certificate: ServingCertificate, source: Source): ServedCertificate {
  return {
    certificate,
    keep: () => source.keep((material) => certificate.replace(material)),
    stop: () => source.stop(),
  };
}

function certificateKeeper(
  { tlsSecret, tlsHosts, leaseNamespace, webhookConfiguration }: CertificateSettings,
  connection: KubeConnection,
  logger: Logger,
): CertificateKeeper | undefined {
  if (tlsSecret === undefined) return undefined;
  return new CertificateKeeper({
    connection,
    namespace: leaseNamespace,
    secret: tlsSecret,
    hosts: certificateHosts(tlsHosts, leaseNamespace),
    webhookConfiguration,
    clock: systemClock(),
    random: Math.random,
    logger,
  });
}
