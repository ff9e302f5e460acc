// All of the fleet's proxies as the recommender finds them: the real ones, and those of the simulated nodes, each at an
// address of its own, so that what an instance uses comes the way it comes in a cluster.

import type { Clock } from "#runtime/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import type { NodeContents } from "#sim/audit/node-contents.ts";
import type { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import type { SeededRandom } from "#sim/seeded-random.ts";
import { nodeName, proxyPodName } from "./fleet.ts";
import { asksProxies } from "./parts.ts";
import { type ProxyAnswer, ProxyAnswers, type ProxyPath, realProxyAnswer } from "./proxy-answers.ts";
import { SimulatedProxy } from "./simulated-proxy.ts";
import type { StartOptions } from "./start-options.ts";

export interface FleetProxiesOptions {
  readonly options: StartOptions;
  readonly api: LoopbackApi;
  readonly contents: NodeContents;
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** Of the nodes with real proxies. */
  readonly nodeAddresses: readonly string[];
  readonly logger: Logger;
}

export interface FleetProxies {
  readonly port: number;
  /** Of a simulated node's proxy. */
  addressOf(index: number): string;
  /** Where the proxy's pod of that name is asked for what it counts; undefined for no simulated node's. */
  urlOf(podName: string): string | undefined;
  /** Told once the real ones run. */
  reach(controlUrls: readonly string[]): void;
  close(): void;
}

/** Undefined where they are not asked, or the machine has no such addresses. */
export async function fleetProxies(given: FleetProxiesOptions): Promise<FleetProxies | undefined> {
  const { options, api, contents, clock, random, nodeAddresses, logger } = given;
  const { speed, nodes } = options;
  if (!asksProxies(options) || speed === "max") return undefined;
  let urls: readonly string[] = [];
  const indices = new Map<string, number>();
  const answers = new Map<string, ProxyAnswer>();
  const machine = systemClock();
  for (let index = 0; index < nodes; index++) {
    const address = nodeAddresses[index];
    if (address !== undefined) {
      answers.set(
        address,
        realProxyAnswer(() => urls[index] ?? "", speed),
      );
      continue;
    }
    indices.set(proxyPodName(index), index);
    const proxy = new SimulatedProxy({
      node: nodeName(index),
      contents,
      store: api.store,
      clock,
      machine,
      random: () => random.next(),
    });
    answers.set(simulatedAddress(index), (path) => answerOf(proxy, path));
  }
  const server = new ProxyAnswers(answers, logger);
  const port = await server.listen();
  if (port === undefined) {
    logger.info("instances' use is not told: no port is free on addresses of 127.64.0.0/16");
    return undefined;
  }
  return {
    port,
    addressOf: simulatedAddress,
    urlOf(podName) {
      const index = indices.get(podName);
      return index === undefined ? undefined : `http://${simulatedAddress(index)}:${port}`;
    },
    reach: (controlUrls) => void (urls = controlUrls),
    close: () => server.close(),
  };
}

function answerOf(proxy: SimulatedProxy, path: ProxyPath): string {
  if (path === "/metrics") return proxy.metrics();
  return JSON.stringify(path === "/v1/usage" ? proxy.usage() : proxy.releases());
}

// Loopback like those of the real ones, and apart from them.
function simulatedAddress(index: number): string {
  return `127.64.${index >> 8}.${index & 255}`;
}
