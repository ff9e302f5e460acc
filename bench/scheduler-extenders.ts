// The extenders that kube-scheduler is measured with, each as a process of its own behind the same kind of TLS: the
// constant one, and Berth's in its two modes with its admission webhook, as in production.

import { setTimeout as delay } from "node:timers/promises";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent, request } from "undici";
import { freePort } from "#cli/start/free-port.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import { makeAuthority, makeServingCertificate } from "#scheduler-extender/shell/certificate-making.ts";
import { HOST } from "#test/e2e/control-plane.ts";
import type { ServingCertificate } from "#test/e2e/extender-recorder.ts";
import { LoggedProcess } from "#test/e2e/logged-process.ts";
import { NAMESPACE, type SchedulerBed, SYSTEM_NAMESPACE } from "./scheduler-bed.ts";

/** The name that the shipped configuration of kube-scheduler checks. */
const SERVER_NAME = "berth-scheduler-extender.berth-system.svc";
const BERTH = fileURLToPath(new URL("../cli/berth.ts", import.meta.url));
const WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const READY_MS_MAX = 60_000;
const POLL_MS = 100;

export interface RunningExtender {
  readonly address: { readonly url: string; readonly ca: string };
  readonly pid: number;
  stop(): Promise<void>;
}

/** Where an extender runs. */
export type ExtenderBed = Pick<SchedulerBed, "controlPlane" | "connection">;

export interface RunningBerth extends RunningExtender {
  /** What it shows, for whoever stands in front of it. */
  readonly certificate: ServingCertificate;
  readonly port: number;
}

interface TlsFiles {
  readonly ca: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export async function startConstant(bed: SchedulerBed, program: string): Promise<RunningExtender> {
  const { ca, certFile, keyFile } = await makeTls(bed);
  const port = await freePort(HOST);
  const { folder } = bed.controlPlane.files;
  const extender = new LoggedProcess("constant-extender", program, {
    args: [`${HOST}:${port}`, certFile, keyFile],
    logFile: join(folder, "constant-extender.log"),
  });
  const url = `https://${HOST}:${port}`;
  await extender.ready(async () => (await post(`${url}/prioritize`, ca)) === 200, READY_MS_MAX);
  return { address: { url, ca }, pid: extender.pid, stop: () => extender.stop() };
}

/** With its admission webhook, as in production. */
export async function startBerth(bed: SchedulerBed, mode: "score" | "nominate"): Promise<RunningExtender> {
  const { address, pid, stop } = await startBerthExtender(bed, mode);
  const { connection } = bed;
  await connection.create(WEBHOOKS, webhook(`${address.url}/mutate`, address.ca));
  await untilAdmitted(bed);
  return {
    address,
    pid,
    async stop() {
      await connection.delete(`${WEBHOOKS}/berth`);
      await stop();
    },
  };
}

/** The extender alone: nothing is injected into pods. */
export async function startBerthExtender(
  bed: ExtenderBed,
  mode: "score" | "nominate",
): Promise<RunningBerth> {
  const { ca, certFile, keyFile } = await makeTls(bed);
  const [port, operationsPort] = [await freePort(HOST), await freePort(HOST)];
  const { controlPlane } = bed;
  const settings = {
    "--kubeconfig": controlPlane.kubeconfigOf("admin"),
    "--mode": mode,
    "--port": String(port),
    "--operations-port": String(operationsPort),
    "--tls-cert-file": certFile,
    "--tls-key-file": keyFile,
    "--lease-namespace": SYSTEM_NAMESPACE,
  };
  const extender = new LoggedProcess("berth-extender", process.execPath, {
    args: [BERTH, "scheduler-extender", ...Object.entries(settings).flat()],
    logFile: join(controlPlane.files.folder, `extender-${mode}.log`),
  });
  const url = `https://${HOST}:${port}`;
  // A replica that does not lead, or has not seen everything, answers 503; the leader says what is wrong with no body.
  await extender.ready(async () => (await post(`${url}/filter`, ca)) === 400, READY_MS_MAX);
  const [cert, key] = [certFile, keyFile].map((file) => readFileSync(file, "utf8")) as [string, string];
  return {
    address: { url, ca },
    pid: extender.pid,
    certificate: { ca, cert, key, serverName: SERVER_NAME },
    port,
    stop: () => extender.stop(),
  };
}

async function makeTls({ controlPlane: { files } }: ExtenderBed): Promise<TlsFiles> {
  const nowMs = Date.now();
  const authority = await makeAuthority(nowMs);
  const hosts = [SERVER_NAME, HOST];
  const { certificate, key } = await makeServingCertificate({ authority, hosts, nowMs });
  const certFile = join(files.folder, "extender.crt");
  const keyFile = join(files.folder, "extender.key");
  writeFileSync(certFile, certificate);
  writeFileSync(keyFile, key, { mode: 0o600 });
  return { ca: authority.certificate, certFile, keyFile };
}

async function post(url: string, ca: string): Promise<number> {
  const dispatcher = new Agent({ connect: { ca } });
  try {
    const headers = { "content-type": "application/json" };
    const { statusCode, body } = await request(url, { method: "POST", body: "{}", headers, dispatcher });
    await body.dump();
    return statusCode;
  } finally {
    await dispatcher.close();
  }
}

// The entry of manifests/base for pods that are labelled themselves, at an address of this machine.
function webhook(url: string, ca: string): object {
  return {
    metadata: { name: "berth" },
    webhooks: [
      {
        name: "labelled-pods.mesh.berth.dev",
        admissionReviewVersions: ["v1"],
        clientConfig: { url, caBundle: Buffer.from(ca).toString("base64") },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
        objectSelector: { matchLabels: { [MESH_LABEL]: MESH_ENABLED } },
        failurePolicy: "Ignore",
        timeoutSeconds: 2,
        sideEffects: "NoneOnDryRun",
      },
    ],
  };
}

// The API server takes a moment to learn of a webhook.
async function untilAdmitted({ connection }: SchedulerBed): Promise<void> {
  const deadlineMs = Date.now() + READY_MS_MAX;
  const path = resourcePath({ ...PODS, namespace: NAMESPACE });
  const probe = {
    metadata: { name: "probe", labels: { [APP_LABEL]: "app-0", [MESH_LABEL]: MESH_ENABLED } },
    spec: { containers: [{ name: "app", image: "app" }] },
  };
  for (;;) {
    const { spec } = (await connection.create(path, probe, { dryRun: "All" })) as {
      spec: { containers: readonly { env?: readonly unknown[] }[] };
    };
    if (spec.containers[0]?.env !== undefined) return;
    if (Date.now() > deadlineMs) throw new Error("the webhook is not called");
    await delay(POLL_MS);
  }
}
