// Proxies that do not have at once what was asked for them. The spec counts from the request on, for placement and for the
// planner; the proxy has it later. Growth that kubelet puts off it looks at again every three minutes by itself; growth
// that is refused the recommender asks for again after its cooldown. Shrinking always has room, and is done at once.

import { assert } from "#model/assert.ts";
import type { NodeName } from "#model/brand.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { addResources, minResources, noResources, type Resources } from "#model/resources.ts";
import type { Clock } from "#runtime/clock.ts";
import { COOLDOWN_MS } from "#vpa-recommender/policy/resize-state.ts";
import { ProxyShortfall, type ShortfallResult } from "./proxy-shortfall.ts";
import { type ResizeConditions, type ResizeFate, ResizeFates } from "./resize-fates.ts";

export interface ResizingResult {
  /** Growth and shrinking that was asked for and not refused. */
  readonly made: number;
  /** How many times kubelet put growth off. */
  readonly deferred: number;
  readonly refused: number;
  readonly shortfall: ShortfallResult;
}

interface Proxy {
  readonly node: NodeLedger;
  /** What it has now, whatever its spec says. */
  actual: Resources;
  /** Of its requests, the last one, and the last one that came to be. */
  asked: number;
  actuated: number;
}

export interface LateResizesOptions {
  readonly conditions: ResizeConditions;
  readonly seed: number;
  readonly clock: Clock;
  /** What a proxy needs beyond what is required for the pods of its node. */
  readonly moreOn?: ((name: NodeName) => Resources) | undefined;
}

export class LateResizes {
  readonly #clock: Clock;
  readonly #fates: ResizeFates;
  readonly #shortfall: ProxyShortfall;
  readonly #moreOn: (name: NodeName) => Resources;
  readonly #proxies = new Map<NodeName, Proxy>();
  #made = 0;
  #deferred = 0;
  #refused = 0;

  constructor({ conditions, seed, clock, moreOn = () => noResources }: LateResizesOptions) {
    this.#clock = clock;
    this.#fates = new ResizeFates(conditions, seed);
    this.#shortfall = new ProxyShortfall(clock);
    this.#moreOn = moreOn;
  }

  nodeAdded(node: NodeLedger): void {
    const { counted } = node;
    if (counted !== undefined) this.#proxies.set(node.name, { node, actual: counted, asked: 0, actuated: 0 });
  }

  nodeRemoved(name: NodeName): void {
    this.#proxies.delete(name);
    this.#shortfall.nodeRemoved(name);
  }

  /** What the node's proxy needs may have changed. */
  noteNeed(name: NodeName): void {
    const proxy = this.#proxies.get(name);
    if (proxy === undefined) return;
    const need = addResources(proxy.node.required(), this.#moreOn(name));
    this.#shortfall.note(name, need, proxy.actual);
  }

  shrunk(name: NodeName, size: Resources): void {
    const proxy = this.#known(name);
    this.#made++;
    proxy.actuated = ++proxy.asked;
    proxy.actual = minResources(proxy.actual, size);
  }

  /**
   * The recommender asks for growth.
   *
   * @param onGranted kubelet found room for what it had put off.
   */
  grow(name: NodeName, size: Resources, onGranted: () => void): ResizeFate["kind"] {
    const fate = this.#fates.next();
    if (fate.kind === "refused") {
      this.#refused++;
      return fate.kind;
    }
    const proxy = this.#known(name);
    this.#made++;
    const request: Request = { proxy, size, number: ++proxy.asked, onGranted };
    this.#meet(request, fate);
    return fate.kind;
  }

  result(): ResizingResult {
    const [made, deferred, refused] = [this.#made, this.#deferred, this.#refused];
    return { made, deferred, refused, shortfall: this.#shortfall.result() };
  }

  #meet(request: Request, fate: ResizeFate): void {
    if (fate.kind === "granted" && fate.afterMs === 0) return this.#actuate(request);
    if (fate.kind === "granted") return void this.#clock.after(fate.afterMs, () => this.#actuate(request));
    this.#deferred++;
    this.#clock.after(COOLDOWN_MS, () => {
      // Another size was asked for since, or the node has gone: kubelet has forgotten this one.
      if (!this.#isThere(request) || request.proxy.asked !== request.number) return;
      const next = this.#fates.afterDeferral();
      if (next.kind === "granted") request.onGranted();
      this.#meet(request, next);
    });
  }

  #actuate(request: Request): void {
    const { proxy, size, number } = request;
    if (!this.#isThere(request) || proxy.actuated > number) return;
    proxy.actuated = number;
    proxy.actual = size;
    this.noteNeed(proxy.node.name);
  }

  // A node that comes back has another proxy.
  #isThere({ proxy }: Request): boolean {
    return this.#proxies.get(proxy.node.name) === proxy;
  }

  #known(name: NodeName): Proxy {
    const proxy = this.#proxies.get(name);
    assert(proxy !== undefined, "proxies are resized on nodes that are there");
    return proxy;
  }
}

interface Request {
  readonly proxy: Proxy;
  readonly size: Resources;
  /** Of the proxy's requests. */
  readonly number: number;
  readonly onGranted: () => void;
}
