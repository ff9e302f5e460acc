// Metrics of the mesh's signer.

import { Counter, Gauge, type Registry } from "prom-client";
import { SIGNING_REASONS } from "../../policy/signing/signing-reasons.ts";

export interface SignerMetrics {
  /** @param outcome "issued", or a refusal's code. */
  answered(outcome: string): void;
}

export function createSignerMetrics(registry: Registry, waiting: () => number): SignerMetrics {
  const answers = new Counter({
    name: "berth_signer_answers_total",
    help: "CertificateSigningRequests answered, by outcome: issued, or why not (reference/reasons.md).",
    labelNames: ["outcome"],
    registers: [registry],
  });
  // Rates of what never happened yet are zero, not absent.
  for (const outcome of ["issued", ...Object.values(SIGNING_REASONS).map(({ code }) => code)])
    answers.inc({ outcome }, 0);
  registry.registerMetric(
    new Gauge({
      name: "berth_signer_waiting",
      help: "CertificateSigningRequests that wait for this replica's answer, or its leader's.",
      registers: [],
      collect() {
        this.set(waiting());
      },
    }),
  );
  return { answered: (outcome) => answers.inc({ outcome }) };
}
