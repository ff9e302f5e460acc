// One node's real proxy under the loads of real-apps.ts, read over its usage port as the recommender reads it.

import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "#cli/start/free-port.ts";
import type { Resources } from "#model/resources.ts";
import { systemClock } from "#runtime/clock.ts";
import { INTERVAL_MS_MIN, type ProxyUsage } from "#vpa-recommender/policy/usage-difference.ts";
import { InstanceSource } from "#vpa-recommender/shell/instance-source.ts";
import { decodeProxyPod } from "#vpa-recommender/shell/proxy-pod.ts";
import { MeasuredProxy, PacedLoad } from "../sizing/measured-proxy.ts";
import { loadAt, REAL_APPS, type STEPS } from "./real-apps.ts";

const HOST = "127.0.0.1";
const SETTLE_MS = 500;
/** Code that has only just started is compiled on the way, at several times the cost. */
const WARM_UP_MS = 4_000;
const WARM_UP_PER_SECOND = 200;
const WARM_UP_CONNECTIONS = 16;
/** A little over the least, since timers may fire early. */
const LOOK_MS = INTERVAL_MS_MIN + 100;

export class RealNode {
  readonly #proxy: MeasuredProxy;
  readonly #source: InstanceSource;
  readonly #ports = new Map<string, number>();
  #pods = 0;

  static async start(pods: number): Promise<RealNode> {
    const port = await freePort(HOST);
    const proxy = await MeasuredProxy.start(0, [`--usage-port=${port}`]);
    const node = new RealNode(proxy, new InstanceSource({ port, clock: systemClock() }));
    await node.havePods(pods);
    await node.#warmUp();
    return node;
  }

  private constructor(proxy: MeasuredProxy, source: InstanceSource) {
    this.#proxy = proxy;
    this.#source = source;
  }

  /** So many of each app. */
  async havePods(pods: number): Promise<void> {
    for (; this.#pods < pods; this.#pods++)
      for (const { name } of REAL_APPS) this.#ports.set(name, await this.#proxy.addPod(name));
  }

  /** What was used during one step's load. */
  async measure(phase: keyof typeof STEPS, step: number, proxyBase: Resources): Promise<ProxyUsage> {
    const loads = REAL_APPS.map((app) => {
      const load = loadAt(app, phase, step);
      return new PacedLoad({ ...load, port: this.#ports.get(app.name) ?? 0, path: `/${app.bodyBytes}` });
    });
    try {
      await delay(SETTLE_MS);
      // Looks before this are of another load.
      this.#source.keep(new Set());
      await this.#source.read(PROXY, proxyBase);
      await delay(LOOK_MS);
      const usage = await this.#source.read(PROXY, proxyBase);
      if (usage === undefined) throw new Error("two looks at the proxy could not be compared");
      return usage;
    } finally {
      await Promise.all(loads.map((load) => load.stop()));
    }
  }

  async #warmUp(): Promise<void> {
    const loads = [...this.#ports.values()].map(
      (port) =>
        new PacedLoad({
          port,
          connections: WARM_UP_CONNECTIONS,
          perSecond: WARM_UP_PER_SECOND,
          path: "/1024",
        }),
    );
    await delay(WARM_UP_MS);
    await Promise.all(loads.map((load) => load.stop()));
  }

  async stop(): Promise<void> {
    await this.#source.stop();
    await this.#proxy.stop();
  }
}

const PROXY = decodeProxyPod({
  metadata: { name: "proxy", uid: "proxy" },
  spec: { nodeName: "n1", containers: [{ name: "proxy" }] },
  status: { podIP: HOST },
});
