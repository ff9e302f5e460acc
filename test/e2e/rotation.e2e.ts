// The extender's certificates are exchanged while the real API server calls its webhook for every pod that is created and
// the real kube-scheduler calls its verbs over TLS: an authority comes to its end and is followed by the next, in the
// webhook's caBundle as well, and then that one's first serving certificate takes over.

import { after, before, test } from "node:test";
import { SERVING_LIFE_MS, AUTHORITY_LIFE_MS } from "#scheduler-extender/policy/certificate-renewal.ts";
import { certificateHosts } from "#scheduler-extender/shell/certificate-hosts.ts";
import { makeAuthority, makeServingCertificate } from "#scheduler-extender/shell/certificate-making.ts";
import { assertNothingFailed, caBundle, describeLoad, underLoad } from "./certificate-load.ts";
import { extenderRolledOut } from "./extender-replicas.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import { BASE, TestCluster } from "./test-cluster.ts";
import { toolBinaries } from "./tool-binaries.ts";

const tools = await toolBinaries((line) => void process.stderr.write(`${line}\n`));
const SHOP = "shop";
const NODES = 9;
const SECRET = "berth-scheduler-extender-tls";
const SECRETS = `/api/v1/namespaces/${SYSTEM_NAMESPACE}/secrets`;
/**
 * Time for both replicas to take up what the suite wrote (they look every thirty seconds, one after the other), for
 * kube-scheduler to be wired, and for pods to come.
 */
const UNTIL_DUE_MS = 100_000;
/** Certificates begin five minutes before they are made, and last so much longer: a third of that is theirs to lose. */
const DUE_EARLIER_MS = 100_000;

let cluster: TestCluster;
let hasFailed = true;

before(async () => {
  const nodes = Array.from({ length: NODES }, (_, index) => ({
    name: `node-${index}`,
    cpu: "8",
    memory: "16Gi",
  }));
  cluster = await TestCluster.start(tools, nodes);
});

after(async () => {
  const folder = await cluster.stop({ keepLogs: hasFailed });
  if (hasFailed) process.stderr.write(`the logs of this run are in ${folder}\n`);
});

test("authority and certificate of the extender's own making are renewed while pods come steadily: every pod is injected and placed, no call fails", async (t) => {
  await cluster.kubectl("apply", "-k", BASE);
  await extenderRolledOut(cluster);
  await cluster.kubectl("create", "namespace", SHOP);
  const aged = await agedBundle();
  await cluster.connection.patch(`${SECRETS}/${SECRET}`, { data: aged }, { type: "merge" });
  await trusted(aged["ca.crt"], "the webhook to trust the aged authority");
  const { url } = await cluster.wireSchedulerDirectly(SECRET);
  const laps = rounds(t);
  let ca = await cluster.authoritiesIn(SECRET);
  const reading = setInterval(() => {
    void cluster.authoritiesIn(SECRET).then(
      (present) => (ca = present),
      () => undefined,
    );
  }, 1_000);
  t.after(() => clearInterval(reading));
  const load = await underLoad(cluster, { namespace: SHOP, url, ca: () => ca }, async () => {
    await cluster.until(
      async () => authorities(await caBundle(cluster)) === 2,
      "the next authority in the caBundle",
    );
    laps("the next authority is in the webhook's caBundle, beside the one that ends");
    await signedByNext();
    laps("the next authority's first certificate serves");
  });
  await assertNothingFailed(cluster, SHOP, load);
  t.diagnostic(describeLoad(load));
  hasFailed = false;
});

/** As the extender would have made it years ago: authority and certificate come to be renewed in a moment. */
async function agedBundle(): Promise<Record<"ca.crt" | "ca.key" | "tls.crt" | "tls.key", string>> {
  const dueMs = Date.now() + UNTIL_DUE_MS + DUE_EARLIER_MS;
  const authority = await makeAuthority(dueMs - (AUTHORITY_LIFE_MS * 2) / 3);
  const serving = await makeServingCertificate({
    authority,
    hosts: certificateHosts(undefined, SYSTEM_NAMESPACE),
    nowMs: dueMs - (SERVING_LIFE_MS * 2) / 3,
  });
  return {
    "ca.crt": base64(authority.certificate),
    "ca.key": base64(authority.key),
    "tls.crt": base64(serving.certificate),
    "tls.key": base64(serving.key),
  };
}

/** Eight months later: the serving certificate is due again, and the authority that followed signs it. */
async function signedByNext(): Promise<void> {
  const before = await servedCertificate();
  await cluster.connection.patch(
    `${SECRETS}/${SECRET}`,
    { data: { "tls.crt": "", "tls.key": "" } },
    { type: "merge" },
  );
  await cluster.until(async () => {
    const present = await servedCertificate();
    return present !== "" && present !== before;
  }, "another certificate in the Secret");
  // The other replica's look: thirty seconds after the one that wrote it.
  const written = Date.now();
  await cluster.until(async () => Date.now() - written > REPLICAS_LOOK_MS, "the other replica to look");
}

const REPLICAS_LOOK_MS = 32_000;

async function servedCertificate(): Promise<string> {
  const { data } = (await cluster.connection.get(`${SECRETS}/${SECRET}`)) as {
    readonly data: Readonly<Record<string, string>>;
  };
  return data["tls.crt"] ?? "";
}

function authorities(bundle: string): number {
  return Buffer.from(bundle, "base64").toString().split("BEGIN CERTIFICATE").length - 1;
}

async function trusted(bundle: string, what: string): Promise<void> {
  await cluster.until(async () => (await caBundle(cluster)) === bundle, what);
  // Replicas that have not looked yet serve with what nobody trusts any more.
  const written = Date.now();
  await cluster.until(async () => Date.now() - written > REPLICAS_LOOK_MS, "the other replica to look");
}

function rounds(t: { diagnostic(message: string): void }): (what: string) => void {
  const startedMs = performance.now();
  return (what) => t.diagnostic(`${((performance.now() - startedMs) / 1000).toFixed(1)} s: ${what}`);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
