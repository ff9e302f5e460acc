import assert from "node:assert/strict";
import { test } from "node:test";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { MIB } from "#test/builders/sizes.ts";
import type { KubeObject } from "../loopback/kube-object.ts";
import { keyOf } from "../loopback/kube-object.ts";
import { ObjectStore } from "../loopback/object-store.ts";
import { SeededRandom } from "../seeded-random.ts";
import { FleetTally, type FleetTotals } from "./fleet-tally.ts";
import { NodeContents } from "./node-contents.ts";

test("the running totals are those of a recount, through arrivals, bindings, resizes and departures", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const fleet = new RandomFleet(seed);
    let peak = fleet.recount();
    for (let step = 0; step < 200; step++) {
      fleet.step();
      const now = fleet.recount();
      assert.deepEqual(fleet.tally.now, now, `seed ${seed}, step ${step}`);
      if (now.pods >= peak.pods) peak = now;
      assert.equal(fleet.tally.peak.pods, peak.pods, `seed ${seed}, step ${step}`);
    }
    assert.ok(peak.pods > 5 && fleet.tally.departed > 5, `seed ${seed}`);
    assert.equal(fleet.tally.placed - fleet.tally.departed, fleet.tally.now.pods);
  }
});

test("the peak is settled just before the first of the most pods leaves, proxies as they were then", () => {
  const fleet = new RandomFleet(1);
  fleet.addPod("cart", "node-1");
  fleet.addPod("cart", "node-1");
  fleet.resizeProxy("node-1", "500Mi");
  fleet.removePod();
  fleet.resizeProxy("node-1", "200Mi");
  const { pods, instances, nodesUsed, meshMemoryBytes, sidecarMemoryBytes } = fleet.tally.peak;
  assert.deepEqual({ pods, instances, nodesUsed }, { pods: 2, instances: 1, nodesUsed: 1 });
  assert.equal(meshMemoryBytes, (500 + 200) * MIB);
  assert.equal(sidecarMemoryBytes, 2 * 16 * MIB);
});

const NODES = ["node-1", "node-2"];
const APPS = ["cart", "pay", "web"];

class RandomFleet {
  readonly tally: FleetTally;
  readonly #store = new ObjectStore({ clock: new VirtualClock() });
  readonly #random: SeededRandom;
  #names = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.tally = new FleetTally(new NodeContents(this.#store));
    for (const node of NODES) {
      this.#store.create("pods", {
        metadata: { name: `proxy-on-${node}`, namespace: "berth-system", labels: { [PROXY_LABEL]: "berth" } },
        spec: {
          nodeName: node,
          containers: [{ name: "proxy", resources: { requests: { memory: "200Mi" } } }],
        },
        status: {},
      });
    }
  }

  step(): void {
    const dice = this.#random.next();
    const node = this.#anyOf(NODES) ?? "";
    if (dice < 0.35) this.addPod(this.#anyOf(APPS), node);
    else if (dice < 0.45) this.addPod(this.#anyOf(APPS), undefined);
    else if (dice < 0.5) this.addPod(undefined, node);
    else if (dice < 0.65) this.#bindOne(node);
    else if (dice < 0.75) this.resizeProxy(node, `${100 + this.#random.integer(400)}Mi`);
    else if (dice < 0.85) this.#finishOne();
    else this.removePod();
  }

  addPod(app: string | undefined, nodeName: string | undefined): void {
    const labels = app === undefined ? {} : { [APP_LABEL]: app, [MESH_LABEL]: MESH_ENABLED };
    this.#store.create("pods", {
      metadata: { name: `pod-${this.#names++}`, namespace: "shop", labels },
      spec: {
        ...(nodeName === undefined ? {} : { nodeName }),
        containers: [{ name: "app", resources: { requests: { memory: "64Mi" } } }],
      },
      status: { phase: "Pending" },
    });
  }

  removePod(): void {
    const pod = this.#anyOf(this.#pods());
    if (pod !== undefined) this.#store.delete("pods", keyOf(pod));
  }

  resizeProxy(node: string, memory: string): void {
    const pod = this.#store.get("pods", { namespace: "berth-system", name: `proxy-on-${node}` })!;
    const containers = [{ name: "proxy", resources: { requests: { memory } } }];
    this.#store.update("pods", { ...pod, spec: { ...pod.spec, containers } });
  }

  /** Everything added up from the objects. */
  recount(): FleetTotals {
    const bound = this.#store.list("pods").filter(({ spec, status }) => {
      return spec?.["nodeName"] !== undefined && status?.["phase"] !== "Succeeded";
    });
    const proxies = bound.filter(({ metadata }) => PROXY_LABEL in (metadata.labels ?? {}));
    const pods = bound.filter(({ metadata }) => APP_LABEL in (metadata.labels ?? {}));
    const places = pods.map(
      ({ spec, metadata }) => `${String(spec?.["nodeName"])} ${metadata.labels?.[APP_LABEL]}`,
    );
    return {
      pods: pods.length,
      nodesUsed: new Set(pods.map(({ spec }) => spec?.["nodeName"])).size,
      instances: new Set(places).size,
      meshMemoryBytes: proxies.reduce((sum, pod) => sum + memoryMib(pod) * MIB, 0),
      sidecarMemoryBytes: pods.reduce((sum, pod) => sum + (memoryMib(pod) * MIB) / 4, 0),
    };
  }

  #bindOne(nodeName: string): void {
    const pod = this.#anyOf(this.#pods().filter(({ spec }) => spec?.["nodeName"] === undefined));
    if (pod !== undefined) this.#store.update("pods", { ...pod, spec: { ...pod.spec, nodeName } });
  }

  #finishOne(): void {
    const pod = this.#anyOf(this.#pods());
    if (pod !== undefined) this.#store.update("pods", { ...pod, status: { phase: "Succeeded" } });
  }

  #pods(): readonly KubeObject[] {
    return this.#store.list("pods").filter(({ metadata }) => metadata.namespace === "shop");
  }

  #anyOf<T>(items: readonly T[]): T | undefined {
    return items[this.#random.integer(items.length)];
  }
}

function memoryMib({ spec }: KubeObject): number {
  const [container] = (spec?.["containers"] ?? []) as readonly {
    readonly resources: { readonly requests: { readonly memory: string } };
  }[];
  return Number.parseInt(container?.resources.requests.memory ?? "0", 10);
}
