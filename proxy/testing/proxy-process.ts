// A whole proxy as a process of its own, for tests: supervisor, host and workers.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";

import { send } from "./http-client.ts";

export const MAIN = new URL("../main.ts", import.meta.url).pathname;
// The tests may run in a pod, whose cluster is none of theirs.
export const FLAGS = [
  "--node-name=n1",
  "--node-address=127.0.0.1",
  "--api-server=none",
  "--log-level=silent",
];

export interface ProxyProcess {
  readonly process: ChildProcess;
  readonly controlPort: number;
}

/** Once it is ready. Without a flag for it the system chooses its control port. */
export async function startProxy(context: TestContext, flags: readonly string[] = []): Promise<ProxyProcess> {
  const process_ = spawn(process.execPath, [MAIN, ...FLAGS, "--control-port", "0", ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(() => process_.kill("SIGKILL"));
  assert.ok(process_.stdout !== null);
  const [line] = (await once(process_.stdout, "data")) as [Buffer];
  const message = JSON.parse(line.toString()) as { readonly kind: string; readonly controlUrl: string };
  assert.equal(message.kind, "ready");
  return { process: process_, controlPort: Number(new URL(message.controlUrl).port) };
}

export interface Ports {
  readonly inbound: number;
  readonly outbound: number;
}

/** Announces a pod of an app, and waits until its instance serves. */
export async function register(controlPort: number, appPort: number): Promise<Ports> {
  const pod = {
    uid: "u1",
    namespace: "shop",
    name: "cart-1",
    app: "shop/cart",
    address: "127.0.0.1",
    port: appPort,
  };
  const headers = { "Content-Type": "application/json" };
  const answer = await send({
    port: controlPort,
    method: "POST",
    path: "/v1/pods",
    headers,
    body: JSON.stringify(pod),
  });
  assert.equal(answer.statusCode, 200);
  let ports: Ports | undefined;
  while (ports === undefined) ports = await servingPorts(controlPort);
  return ports;
}

export async function servingPorts(controlPort: number): Promise<Ports | undefined> {
  const { body } = await send({ port: controlPort, path: "/v1/instances" });
  const report = JSON.parse(body.toString()) as {
    readonly instances: readonly { readonly state: string; readonly ports: Ports }[];
  };
  const [instance] = report.instances;
  return instance?.state === "serving" ? instance.ports : undefined;
}

export async function exitCode({ process: child }: Pick<ProxyProcess, "process">): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}
