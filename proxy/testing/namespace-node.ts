// A node's proxy and its one app in a network namespace of its own, as a process that does what its standard input says
// and answers a line for a line.

import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

import type { AppName } from "#model/brand.ts";
import type { CallerRules } from "#model/callers.ts";
import type { NodeSlice } from "#model/node-slice.ts";
import { systemClock } from "#runtime/clock.ts";

import type { IdentityMaterial } from "../shell/identity/app-identity.ts";
import { ServiceTable } from "../shell/service-table.ts";
import { HostBed, until } from "./host-bed.ts";

export interface NodeSetting {
  readonly address: string;
  readonly app: AppName;
  readonly callers?: CallerRules;
  readonly material: IdentityMaterial;
}

export type NodeCommand =
  | { readonly kind: "serve"; readonly setting: NodeSetting }
  | { readonly kind: "slice"; readonly slice: NodeSlice }
  | { readonly kind: "ask"; readonly url: string; readonly times: number };

/** Its process ends with its input. */
const NO_CONTEXT = { after: () => undefined } as unknown as TestContext;

let services: ServiceTable | undefined;
let outbound = 0;
let address = "";

for await (const line of createInterface({ input: process.stdin })) {
  const answer = (await carriedOut(JSON.parse(line) as NodeCommand)) ?? null;
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);

async function carriedOut(command: NodeCommand): Promise<unknown> {
  if (command.kind === "serve") return serve(command.setting);
  if (command.kind === "slice") return void services?.sliceSeen(command.slice);
  const statuses: Record<string, number> = {};
  for (let time = 0; time < command.times; time++) {
    const status = await ask(command.url);
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}

async function serve({ app, callers, material, ...setting }: NodeSetting): Promise<unknown> {
  address = setting.address;
  services = new ServiceTable({ nodeAddress: address, clock: systemClock() });
  const identity = { mode: "use", trustDomain: "cluster.local" } as const;
  const bed = new HostBed(NO_CONTEXT, { nodeAddress: address, services, identity });
  const server = createServer((_request, response) => void response.end(app));
  const { promise, resolve } = Promise.withResolvers<void>();
  // The pod is on the node's own address: what is tried here is the way between nodes.
  server.listen(0, address, resolve);
  await promise;
  const ports = { inbound: 0, outbound: 0 };
  bed.cluster.listener.settingsSeen({ app, quota: {}, ports, ...(callers !== undefined && { callers }) });
  bed.pod("pod", { app, port: (server.address() as AddressInfo).port, address });
  await until(() => bed.host.instance(app)?.isServing === true);
  bed.cluster.listener.identitySeen(app, material);
  await until(() => bed.host.readiness().kind === "ready");
  outbound = bed.ports(app).outbound;
  return bed.ports(app);
}

async function ask(path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const outgoing = request({ host: address, port: outbound, path, agent: false }, (answer) => {
    answer.resume();
    const reason = answer.headers["x-berth-reason"];
    answer.on("end", () =>
      resolve(`${answer.statusCode}${reason === undefined ? "" : ` ${String(reason)}`}`),
    );
  });
  outgoing.on("error", reject);
  outgoing.end();
  return promise;
}
