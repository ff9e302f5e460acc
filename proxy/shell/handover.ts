// One proxy of a node takes over from another (docs/decisions/0013-handover.md). The new one listens on the apps' ports
// beside the old one, and on the control port once it is ready, whereupon the old one leaves that port to it. The old
// one, told to end, leaves each app as soon as the new one serves it.

import type { AppName } from "#model/brand.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";

import { mayLeave } from "../policy/departure.ts";
import type { ControlServer } from "./control-server.ts";
import type { ProxyHost } from "./host.ts";
import type { Instance } from "./instance.ts";
import type { PeerLink } from "./peer-link.ts";
import type { ServiceTable } from "./service-table.ts";
import type { Siblings } from "./siblings.ts";

export interface HandoverOptions {
  readonly host: ProxyHost;
  readonly control: ControlServer;
  readonly siblings: Siblings;
  /** Absent: nobody on other nodes is told where apps are. */
  readonly services?: Pick<ServiceTable, "isAnnounced"> | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly controlHost: string;
  readonly controlPort: number;
  /** Called each time the control port was had. */
  readonly listening: (controlUrl: string) => void;
  /** Called once, when this proxy is ready and answers for the node. */
  readonly ready: () => void;
}

/** How often an ending proxy looks whether it may leave. */
const LOOK_MS = 25;
/** How often counts are told to the proxy that answers for the node. */
const COUNTS_MS = 1_000;
/** Of a control port that somebody else took meanwhile. */
const RETRY_MS = 1_000;

export class Handover {
  readonly #options: HandoverOptions;
  #controlUrl: string | undefined;
  #isMoving = false;
  #isReadyTold = false;
  #cancelRetry: Cancel | undefined;
  #cancelCounts: Cancel | undefined;
  /** What the instances count that were there when the end began; they are not listed once they have gone. */
  #instancesAtEnd: readonly Instance[] | undefined;

  constructor(options: HandoverOptions) {
    this.#options = options;
  }

  /**
   * @param predecessor who holds the control port, or undefined if nobody does.
   * @throws OperationError if the control port cannot be had.
   */
  async start(predecessor: PeerLink | undefined): Promise<void> {
    const { siblings } = this.#options;
    if (predecessor === undefined) await this.#takeControl();
    else siblings.adopt(predecessor, "predecessor");
    this.#repeatCounts();
  }

  /** To be called whenever this proxy or what it knows of its siblings changed. */
  changed(): void {
    const { host, control, ready } = this.#options;
    this.#announce();
    void this.#settle();
    if (this.#isReadyTold || !control.isListening || host.readiness().kind !== "ready") return;
    this.#isReadyTold = true;
    ready();
  }

  /** Resolves once everything has ended, its own requests included. */
  async end(): Promise<void> {
    const { host, siblings, control } = this.#options;
    this.#instancesAtEnd = host.instances;
    host.announceEnd();
    await this.#departed();
    await host.drain();
    this.#tellCounts();
    this.#cancelCounts?.();
    this.#cancelRetry?.();
    siblings.close();
    await control.close();
  }

  async #departed(): Promise<void> {
    const { host, siblings, services, clock } = this.#options;
    const startedMs = clock.nowMs();
    const { promise, resolve } = Promise.withResolvers<void>();
    const announced = new Map<AppName, number>();
    const look = (): void => {
      const elapsedMs = clock.nowMs() - startedMs;
      for (const { app } of host.instances) {
        if (services?.isAnnounced(app) === true) announced.set(app, elapsedMs);
      }
      const instances = host.instances
        .filter(({ state }) => !state.isShuttingDown)
        .map(({ app, isServing, isSettled, boundPorts }) => ({
          app,
          isServing,
          isSettled,
          announcedMs: announced.get(app),
          isServedByPeer: boundPorts !== undefined && siblings.serves(app, boundPorts),
        }));
      const hasPeer = siblings.hasCompany || host.succession.isExpected;
      const leaving = mayLeave({ elapsedMs, hasPeer, instances });
      for (const app of leaving) {
        const instance = host.instance(app);
        if (instance !== undefined && !hasPeer) instance.drain = "alone";
        host.leave(app);
      }
      if (leaving.length === instances.length) resolve();
      else clock.after(LOOK_MS, look);
    };
    look();
    await promise;
  }

  #announce(): void {
    const { host, siblings, control } = this.#options;
    siblings.announce({
      isReady: host.readiness().kind === "ready",
      isEnding: this.#instancesAtEnd !== undefined,
      holdsControl: control.isListening,
      serving: host.instances.flatMap(({ app, isServing, boundPorts }) =>
        isServing && boundPorts !== undefined ? [{ app, ports: boundPorts }] : [],
      ),
    });
  }

  /** Takes or leaves the control port, one step at a time. */
  async #settle(): Promise<void> {
    const { control, logger } = this.#options;
    if (this.#isMoving || this.#shouldListen() === control.isListening) return;
    this.#isMoving = true;
    try {
      if (control.isListening) await control.stopListening();
      else await this.#takeControl();
    } catch (error) {
      logger.error({ error: (error as Error).message }, "the control port cannot be had");
      this.#cancelRetry ??= this.#options.clock.after(RETRY_MS, () => {
        this.#cancelRetry = undefined;
        void this.#settle();
      });
      return;
    } finally {
      this.#isMoving = false;
    }
    this.changed();
  }

  #shouldListen(): boolean {
    const { host, siblings, control } = this.#options;
    // For a moment both listen; then the one that came first lets go.
    if (siblings.isControlWithSuccessor) return false;
    if (control.isListening || !siblings.hasPredecessor) return true;
    return host.readiness().kind === "ready";
  }

  async #takeControl(): Promise<void> {
    const { control, controlHost, controlPort, listening } = this.#options;
    // Once the system has chosen a port, that is the one.
    const port = this.#controlUrl === undefined ? controlPort : Number(new URL(this.#controlUrl).port);
    this.#controlUrl = await control.listen(controlHost, port);
    listening(this.#controlUrl);
  }

  #repeatCounts(): void {
    this.#cancelCounts = this.#options.clock.after(COUNTS_MS, () => {
      this.#tellCounts();
      this.#repeatCounts();
    });
  }

  #tellCounts(): void {
    const { host, siblings, control } = this.#options;
    if (control.isListening || siblings.size === 0) return;
    const instances = this.#instancesAtEnd ?? host.instances;
    siblings.tellCounts(instances.map(({ app, counters }) => [app, counters] as const));
  }
}
