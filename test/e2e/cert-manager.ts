// cert-manager in the suite's cluster: its own definitions, and its own controllers as a process (see the module in
// cert-manager/).

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GoTools } from "./go-tools.ts";
import { LoggedProcess } from "./logged-process.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import type { TestCluster } from "./test-cluster.ts";

const MODULE = "github.com/cert-manager/cert-manager";
const GROUP = "cert-manager.io";
/** Of its six kinds those that its controllers for issuers within the cluster look at. */
const KINDS = ["certificaterequests", "certificates", "clusterissuers", "issuers"];
const CERTIFICATES = `/apis/${GROUP}/v1/namespaces/${SYSTEM_NAMESPACE}/certificates`;
const READY_MS_MAX = 60_000;

const tools = new GoTools<"cert-manager">({
  folder: fileURLToPath(new URL("./cert-manager/", import.meta.url)),
  packages: { "cert-manager": "." },
  sources: ["main.go"],
});

/**
 * Path of its program, built if it is missing: less than half a minute where the control plane was built before.
 *
 * @throws UsageError if there is no Go; Error with the compiler's words if the build fails.
 */
export async function certManagerBinary(progress: (line: string) => void): Promise<string> {
  return (await tools.paths(progress))["cert-manager"];
}

interface Certificate {
  readonly metadata: { readonly generation: number };
  readonly status: { readonly conditions: readonly object[] };
}

export class CertManager {
  readonly #cluster: TestCluster;
  readonly #process: LoggedProcess;

  /** @throws Error with the end of its log if it does not start. */
  static async start(cluster: TestCluster, program: string): Promise<CertManager> {
    await cluster.kubectl("create", ...(await definitions()).flatMap((file) => ["-f", file]));
    const names = KINDS.map((kind) => `crd/${kind}.${GROUP}`);
    await cluster.kubectl("wait", "--for=condition=Established", ...names, "--timeout=30s");
    const logFile = join(cluster.controlPlane.files.folder, "cert-manager.log");
    const args = [`--kubeconfig=${cluster.kubeconfig}`];
    const started = new LoggedProcess("cert-manager", program, { args, logFile });
    await started.ready(
      async () => readFileSync(logFile, "utf8").includes("all controllers are started"),
      READY_MS_MAX,
    );
    return new CertManager(cluster, started);
  }

  private constructor(cluster: TestCluster, started: LoggedProcess) {
    this.#cluster = cluster;
    this.#process = started;
  }

  /** Issues a certificate anew although it is not due, as `cmctl renew` asks for it. */
  async renew(name: string): Promise<void> {
    const { connection } = this.#cluster;
    const { metadata, status } = (await connection.get(`${CERTIFICATES}/${name}`)) as Certificate;
    const issuing = {
      type: "Issuing",
      status: "True",
      reason: "ManuallyTriggered",
      message: "Certificate re-issuance manually triggered",
      lastTransitionTime: new Date().toISOString().replace(/\.\d+/, ""),
      observedGeneration: metadata.generation,
    };
    const conditions = [...status.conditions, issuing];
    await connection.patch(`${CERTIFICATES}/${name}/status`, { status: { conditions } }, { type: "merge" });
  }

  /** Has a certificate become due so long before its end: as Go writes durations. */
  async renewBefore(name: string, renewBefore: string): Promise<void> {
    await this.#cluster.connection.patch(
      `${CERTIFICATES}/${name}`,
      { spec: { renewBefore } },
      { type: "merge" },
    );
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await this.#cluster.kubectl("delete", "crd", ...KINDS.map((kind) => `${kind}.${GROUP}`));
  }
}

async function definitions(): Promise<readonly string[]> {
  const folder = await tools.moduleFolder(MODULE);
  return KINDS.map((kind) => join(folder, "deploy/crds", `${GROUP}_${kind}.yaml`));
}
