// Whether the API server asks the extender about new pods, and believes its certificate; tried with a pod that is
// not created.

import { X509Certificate } from "node:crypto";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import { MESH_PROFILES, PODS, resourcePath } from "#kube/resource-path.ts";
import { INJECTED_ANNOTATION } from "#scheduler-extender/policy/injection.ts";
import { type Check, type ClusterReader, type Finding, fault, ok, warning } from "../finding.ts";

const CONFIGURATION = "berth";
const PATH = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${CONFIGURATION}`;
/** Entries, as in manifests/base/webhook.yaml. */
const ENTRIES = [
  "labelled-pods.mesh.berth.dev",
  "labelled-namespaces.mesh.berth.dev",
  "proxies.mesh.berth.dev",
] as const;
/** Those that point pods to the proxy; the third sizes proxies. */
const INJECTION: readonly (typeof ENTRIES)[number][] = ENTRIES.slice(0, 2);
const DAY_MS = 86_400_000;
const WARNED_BEFORE_MS = 14 * DAY_MS;

interface Webhook {
  readonly name: string;
  readonly failurePolicy?: string;
  readonly clientConfig: { readonly caBundle?: string };
}

export const webhook: Check = {
  name: "webhook",
  async run(reader) {
    const configuration = (await reader.get(PATH)) as { readonly webhooks?: readonly Webhook[] } | undefined;
    if (configuration === undefined)
      return [
        fault(
          "there is no MutatingWebhookConfiguration berth: pods start without the mesh",
          "kubectl apply -k manifests/base",
        ),
      ];
    const webhooks = configuration.webhooks ?? [];
    const wrong = [
      ...missingEntries(webhooks),
      ...webhooks.flatMap((entry) => entryFaults(entry, reader.nowMs)),
    ];
    return wrong.length > 0 ? wrong : [await trial(reader)];
  },
};

function missingEntries(webhooks: readonly Webhook[]): readonly Finding[] {
  const missing = ENTRIES.filter((entry) => !webhooks.some(({ name }) => name === entry));
  if (missing.length === 0) return [];
  if (missing.length === INJECTION.length && INJECTION.every((entry) => missing.includes(entry)))
    return [
      warning(
        `the webhook injects nothing: ${missing.join(" and ")} were taken out`,
        "right for a proxy that takes traffic another way (docs/guides/bring-your-own-proxy.md); otherwise kubectl apply -k manifests/base",
      ),
    ];
  return [fault(`the webhook lacks ${missing.join(", ")}`, "kubectl apply -k manifests/base")];
}

function entryFaults(
  { name, failurePolicy, clientConfig: { caBundle = "" } }: Webhook,
  nowMs: number,
): readonly Finding[] {
  const findings: Finding[] = [];
  const mend =
    "the extender that leads writes it within a minute if it may patch this object; with cert-manager, cainjector does";
  const endsMs = endOf(Buffer.from(caBundle, "base64").toString("utf8"));
  if (endsMs === undefined || endsMs < nowMs) {
    const trouble = endsMs === undefined ? "holds no certificate" : `ended on ${day(endsMs)}`;
    findings.push(fault(`${name}: its caBundle ${trouble}; the API server calls nobody`, mend));
  } else if (endsMs < nowMs + WARNED_BEFORE_MS) {
    findings.push(warning(`${name}: its caBundle ends on ${day(endsMs)}`, mend));
  }
  if (failurePolicy === "Fail")
    findings.push(
      warning(
        `${name} has failurePolicy Fail: without the extender its pods cannot be created at all`,
        "set Ignore, as manifests/base does",
      ),
    );
  return findings;
}

/** When the last of the authorities ends; undefined without one that can be read. */
function endOf(pem: string): number | undefined {
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    const ends = certificates.map((text) => new X509Certificate(text).validToDate.getTime());
    return ends.length === 0 ? undefined : Math.max(...ends);
  } catch {
    // What OpenSSL cannot read, the API server cannot either.
    return undefined;
  }
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

// As one of an app that has its ports: a trial gives none to another.
async function trial(reader: ClusterReader): Promise<Finding> {
  const profiles = await reader.list(resourcePath(MESH_PROFILES));
  const app = profiles.find(({ status }) => status?.["ports"] !== undefined)?.metadata;
  if (app === undefined)
    return { level: "unknown", what: "no app has its ports yet, so that no pod can be tried" };
  const { namespace = "default", name } = app;
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "berth-doctor-", labels: { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: name } },
    spec: { containers: [{ name: "app", image: "none" }] },
  };
  const created = await reader.tryCreate(resourcePath({ ...PODS, namespace }), pod);
  if (created.metadata.annotations?.[INJECTED_ANNOTATION] !== undefined)
    return ok(`a pod of ${namespace}/${name}, tried and not created, is injected`);
  return fault(
    `a pod of ${namespace}/${name}, tried and not created, is not injected: the API server does not reach the extender in time, or does not believe its certificate`,
    "the API server's log says why (failed calling webhook); if it is no member of the pods' network, give it a way to the Service",
  );
}
