// The Services that this instance calls, in its worker: asked of the host once, then kept up to date by it.

import { isIP } from "node:net";

import type { AppName } from "#model/brand.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";

import { type BalancedNode, NodeBalancer, type NodeOutcome } from "../policy/node-balancer.ts";
import { RetryBudget } from "../policy/retry-budget.ts";
import { serviceKeyOf } from "../policy/service-key.ts";
import type { ServiceNodes } from "../policy/service-nodes.ts";
import type { DestinationGuard } from "./destination-guard.ts";
import { FOLLOWED_MAX } from "./followed-services.ts";

export interface ServiceRoutesOptions {
  /** Whose services a name without dots means. */
  readonly namespace: string;
  readonly guard: DestinationGuard;
  readonly clock: Clock;
  readonly random: () => number;
  /** Asks the host to follow a name; the answer comes to `received`. */
  readonly ask: (name: string) => void;
  readonly forget: (name: string) => void;
}

/** It takes a millisecond. Where the host is stuck, the request goes the way it would go without it. */
const ANSWER_MS_MAX = 2_000;

const NOBODY = "" as AppName;

/** One Service on one of its ports; undefined instead of it stands for "directly". */
export class ServiceRoute {
  readonly balancer = new NodeBalancer();
  readonly budget = new RetryBudget();
  readonly #options: Pick<ServiceRoutesOptions, "clock" | "random">;
  #inboundPort = 0;
  #app = NOBODY;

  constructor(options: Pick<ServiceRoutesOptions, "clock" | "random">) {
    this.#options = options;
  }

  update({ app, inboundPort, nodes }: ServiceNodes): void {
    this.#app = app;
    this.#inboundPort = inboundPort;
    this.balancer.update(nodes);
  }

  get inboundPort(): number {
    return this.#inboundPort;
  }

  /** Whose pods answer. */
  get app(): AppName {
    return this.#app;
  }

  choose(besides?: ReadonlySet<string>): BalancedNode | undefined {
    const { clock, random } = this.#options;
    return this.balancer.choose({ nowMs: clock.nowMs(), random, ...(besides !== undefined && { besides }) });
  }

  ended(node: BalancedNode, outcome: NodeOutcome, latencyMs: number): void {
    this.balancer.ended(node, outcome, { nowMs: this.#options.clock.nowMs(), latencyMs });
  }
}

interface KnownService {
  readonly route: ServiceRoute;
  service: ServiceNodes | undefined;
  isAnswered: boolean;
  readonly waiting: (() => void)[];
}

export class ServiceRoutes {
  readonly #options: ServiceRoutesOptions;
  /** The least recently used first. */
  readonly #known = new Map<string, KnownService>();

  constructor(options: ServiceRoutesOptions) {
    this.#options = options;
  }

  /**
   * How to reach that port of that host: a promise only where the host has to be asked first.
   *
   * @param host in lower case; a name, or an address without brackets.
   */
  routeTo(host: string, port: number): ServiceRoute | undefined | Promise<ServiceRoute | undefined> {
    const name = isIP(host) === 0 ? serviceKeyOf(host, this.#options.namespace) : host;
    if (name === undefined) return undefined;
    const known = this.#known.get(name);
    if (known?.isAnswered === true) {
      this.#used(name, known);
      return routeOn(known, port);
    }
    return this.#answered(known ?? this.#ask(name), port);
  }

  /** What the host says of a name. */
  received(name: string, service: ServiceNodes | undefined): void {
    const known = this.#known.get(name);
    // It was forgotten while the answer was on its way.
    if (known === undefined) return;
    known.service = service === undefined ? undefined : this.#permitted(service);
    known.route.update(known.service ?? NO_NODES);
    known.isAnswered = true;
    for (const proceed of known.waiting.splice(0)) proceed();
  }

  #ask(name: string): KnownService {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= FOLLOWED_MAX && oldest !== undefined) {
      this.#known.get(oldest)?.waiting.forEach((proceed) => proceed());
      this.#known.delete(oldest);
      this.#options.forget(oldest);
    }
    const known: KnownService = {
      route: new ServiceRoute(this.#options),
      service: undefined,
      isAnswered: false,
      waiting: [],
    };
    this.#known.set(name, known);
    this.#options.ask(name);
    return known;
  }

  async #answered(known: KnownService, port: number): Promise<ServiceRoute | undefined> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel: Cancel = this.#options.clock.after(ANSWER_MS_MAX, resolve);
    known.waiting.push(resolve);
    await promise;
    cancel();
    return routeOn(known, port);
  }

  #used(name: string, known: KnownService): void {
    this.#known.delete(name);
    this.#known.set(name, known);
  }

  /** Slices are the API's word, and still no way to what pods may not reach. */
  #permitted(service: ServiceNodes): ServiceNodes | undefined {
    const nodes = service.nodes.filter(({ address }) => !this.#options.guard.isForbidden(address));
    return nodes.length === 0 ? undefined : { ...service, nodes };
  }
}

const NO_NODES: ServiceNodes = { app: NOBODY, inboundPort: 0, servicePorts: [], nodes: [] };

function routeOn({ service, route }: KnownService, port: number): ServiceRoute | undefined {
  return service?.servicePorts.includes(port) === true ? route : undefined;
}
