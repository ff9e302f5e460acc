// The second kube-scheduler's pod as a process: the configuration that it mounts, its own flags and service account. Only
// what a container has and a process lacks is put in: the account's kubeconfig, free ports, and an address that leads to
// the extender's Service, for names of Services are not resolved here. The certificate is verified by the Service's name.

import { readFileSync } from "node:fs";
import { Agent, request } from "undici";
import { parse } from "yaml";
import { freePort } from "#cli/start/free-port.ts";
import { HOST, writeJson } from "./control-plane.ts";
import { LoggedProcess } from "./logged-process.ts";
import type { PodProcess } from "./running-pod.ts";

export interface SchedulerPodStart {
  /** Path of kube-scheduler. */
  readonly program: string;
  readonly name: string;
  readonly folder: string;
  readonly logFile: string;
  /** The container's, with paths as they are here. */
  readonly args: readonly string[];
  readonly kubeconfig: string;
  /** Where a path in the container is here. */
  readonly placeOf: (path: string) => string;
  /** A local URL for a Service's. */
  readonly reach: (url: string) => Promise<string>;
}

interface Configuration {
  readonly extenders: readonly {
    readonly urlPrefix: string;
    readonly tlsConfig: { readonly caFile: string };
  }[];
}

const PORT = 10_259;
const READY_MS_MAX = 120_000;

export async function startSchedulerPod({
  program,
  name,
  folder,
  logFile,
  args,
  kubeconfig,
  placeOf,
  reach,
}: SchedulerPodStart): Promise<PodProcess> {
  const [, file = ""] = /^--config=(.*)$/.exec(args.find((arg) => arg.startsWith("--config=")) ?? "") ?? [];
  const shipped = parse(readFileSync(file, "utf8")) as Configuration;
  const extenders = await Promise.all(
    shipped.extenders.map(async (extender) => ({
      ...extender,
      urlPrefix: await reach(extender.urlPrefix),
      tlsConfig: { ...extender.tlsConfig, caFile: placeOf(extender.tlsConfig.caFile) },
    })),
  );
  const configuration = writeJson({ folder }, "kube-scheduler.json", {
    ...shipped,
    extenders,
    clientConnection: { kubeconfig },
  });
  const port = await freePort(HOST);
  const process = new LoggedProcess(name, program, {
    args: [
      ...args.filter((arg) => !arg.startsWith("--config=") && !arg.startsWith("--secure-port=")),
      `--config=${configuration}`,
      `--secure-port=${port}`,
      `--bind-address=${HOST}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
    ],
    logFile,
  });
  return {
    process,
    localPorts: new Map([[PORT, port]]),
    async ready() {
      // As kubelet, which does not verify the certificates of those whom it asks for their health.
      const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
      await process.ready(async () => {
        const { statusCode, body } = await request(`https://${HOST}:${port}/readyz`, { dispatcher });
        await body.dump();
        return statusCode === 200;
      }, READY_MS_MAX);
      await dispatcher.close();
    },
  };
}
