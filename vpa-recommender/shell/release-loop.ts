// Carries releases out: every few seconds, for each profile whose nodes do not all have what its spec says, the record is
// read, the nodes are asked, and what the step says is recorded, on condition that the record is still the one that was
// read. Of one leader only; all that it must not forget is in the record.

import { splitAppName } from "#model/app.ts";
import type { AppName, NodeName } from "#model/brand.ts";
import type { MeshProfile } from "#model/mesh-profile.ts";
import type { Release } from "#model/release.ts";
import { KubeApiError } from "#kube/api-error.ts";
import { withCondition } from "#kube/condition.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { DecodeError } from "#kube/decode-pod.ts";
import { RELEASED, releaseStatus } from "#kube/release-schema.ts";
import { decodeReleasedProfile, type ReleasedProfile } from "#kube/released-profile.ts";
import { MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import { Limiter } from "#runtime/limiter.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { nextRelease } from "../policy/release-step.ts";
import { ReleaseSurvey } from "../policy/release-survey.ts";
import type { ProxyClient } from "./proxy-client.ts";
import type { ProxyPod } from "./proxy-pod.ts";
import type { ReleaseMetrics } from "./release-metrics.ts";
import { readRelease } from "./release-source.ts";
import type { WriteBudget } from "./write-budget.ts";

export interface ReleaseLoopOptions {
  readonly connection: Pick<KubeConnection, "get" | "patch">;
  /** What the watch shows. */
  readonly profiles: () => Iterable<Pick<MeshProfile, "app" | "releaseDue">>;
  readonly nodesOf: (app: AppName) => Iterable<NodeName>;
  readonly proxyOf: (node: NodeName) => Pick<ProxyPod, "address" | "isReady"> | undefined;
  readonly client: Pick<ProxyClient, "isOn" | "get" | "stop">;
  readonly budget: Pick<WriteBudget, "run">;
  /** The machine's: nodes reckon their time by theirs. */
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly metrics: ReleaseMetrics;
  readonly logger: Logger;
  readonly mayAct: () => boolean;
}

/** Each is a read of the API server, and up to some hundred questions to proxies. */
const APPS_AT_ONCE_MAX = 8;
/** A thousand changed profiles take ten looks longer, and no look takes longer for them. */
const APPS_PER_LOOK_MAX = 100;

export class ReleaseLoop {
  readonly #options: ReleaseLoopOptions;
  readonly #limiter = new Limiter(APPS_AT_ONCE_MAX);
  readonly #surveys = new Map<AppName, ReleaseSurvey>();
  /** Looked at since the last time that there was nobody else. */
  readonly #looked = new Set<AppName>();
  #cancel: Cancel = () => undefined;
  #looking: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: ReleaseLoopOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, intervalMs } = this.#options;
    this.#cancel = clock.after(intervalMs, () => {
      this.#looking = this.#lookAndGoOn();
    });
  }

  /** No more looks; what is underway is waited for. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#looking;
    await this.#options.client.stop();
  }

  async #lookAndGoOn(): Promise<void> {
    await this.look();
    if (!this.#isStopped) this.start();
  }

  /** One step of each release that has something to do. */
  async look(): Promise<void> {
    const apps = this.#options.mayAct() ? this.#next() : [];
    await Promise.all(apps.map((app) => this.#limiter.run(() => this.#step(app))));
  }

  /** Where the proxies are not asked, nothing is recorded; what was is brought to its end. */
  #next(): readonly AppName[] {
    const { profiles, client } = this.#options;
    const due = [...profiles()]
      .filter(({ releaseDue }) => releaseDue !== undefined && (client.isOn || releaseDue === "changed"))
      .map(({ app }) => app);
    for (const app of this.#surveys.keys()) if (!due.includes(app)) this.#surveys.delete(app);
    if (due.every((app) => this.#looked.has(app))) this.#looked.clear();
    const next = due.filter((app) => !this.#looked.has(app)).slice(0, APPS_PER_LOOK_MAX);
    for (const app of next) this.#looked.add(app);
    return next;
  }

  async #step(app: AppName): Promise<void> {
    const { client, logger, budget, metrics } = this.#options;
    if (this.#isStopped) return;
    try {
      const read = await this.#read(app);
      if (read === undefined) return;
      const { profile, resourceVersion } = read;
      const hosting = [...this.#options.nodesOf(app)];
      const survey = await this.#survey(profile, hosting);
      const view = { ...profile, isJudged: client.isOn, reports: survey.reports };
      const release = nextRelease({ ...view, nodes: this.#judged(hosting, profile, survey) });
      if (release === undefined || !this.#options.mayAct()) return;
      await budget.run("release", () => this.#write(profile, release, resourceVersion));
      metrics.stepped(release.phase, release.reason);
      this.#tell(profile, release);
    } catch (error) {
      if (!(error instanceof OperationError) && !(error instanceof DecodeError)) throw error;
      // Another writer was faster: the next look begins with what it wrote.
      if (error instanceof KubeApiError && (error.status === 409 || error.status === 422)) return;
      logger.warn({ app, error: error.message }, "release not looked at");
    }
  }

  // As a list of one: the right to list profiles is there anyway, and covers it.
  async #read(app: AppName): Promise<ReadProfile | undefined> {
    const { namespace, name } = splitAppName(app);
    const path = resourcePath({ ...MESH_PROFILES, namespace });
    const query = { fieldSelector: `metadata.name=${name}` };
    const { items } = (await this.#options.connection.get(path, query)) as {
      readonly items: readonly { readonly metadata: { readonly resourceVersion: string } }[];
    };
    const [object] = items;
    if (object === undefined) return undefined;
    return {
      profile: decodeReleasedProfile(object),
      resourceVersion: object.metadata.resourceVersion,
    };
  }

  async #survey(profile: ReleasedProfile, hosting: readonly NodeName[]): Promise<ReleaseSurvey> {
    const { app, release, wanted, rules } = profile;
    const { client, proxyOf, logger } = this.#options;
    const isSame = release?.target?.config === wanted.config;
    const version = isSame ? (release.target?.version ?? wanted.version) : wanted.version;
    const known = this.#surveys.get(app);
    const survey = known?.version === version ? known : new ReleaseSurvey(app, version);
    this.#surveys.set(app, survey);
    // The first version is recorded as it is found, before anybody can change it: that waits for no answer.
    if (!client.isOn || release === undefined) return survey;
    const { pauseMs } = rules;
    const ask = async (node: NodeName): Promise<void> => {
      try {
        const address = proxyOf(node)?.address;
        const report = address === undefined ? undefined : await readRelease(client, address, app);
        if (report === undefined) survey.silent(node, pauseMs);
        else survey.answered(node, report);
      } catch (error) {
        survey.silent(node, pauseMs);
        logger.debug({ app, node, error: (error as Error).message }, "proxy not asked of its release");
      }
    };
    await Promise.all(survey.next(hosting, { release, pauseMs }).map(ask));
    return survey;
  }

  /**
   * A node that is down, and says nothing, holds nobody up: it takes what the record says when it is back, and is judged
   * then. Not so the first, which may be down because of what it tries.
   */
  #judged(
    hosting: readonly NodeName[],
    { release }: ReleasedProfile,
    { reports }: ReleaseSurvey,
  ): readonly NodeName[] {
    const isUp = (node: NodeName): boolean => this.#options.proxyOf(node)?.isReady === true;
    const judged = hosting.filter((node) => node === release?.firstNode || reports.has(node) || isUp(node));
    return judged.length === 0 ? hosting : judged;
  }

  async #write(profile: ReleasedProfile, release: Release, resourceVersion: string): Promise<void> {
    const { app, wanted, conditions, hasStatus } = profile;
    const { connection, clock } = this.#options;
    const condition = {
      type: RELEASED,
      status: release.phase === "Settled" ? ("True" as const) : ("False" as const),
      reason: release.reason,
      message: release.message,
      observedGeneration: wanted.version,
    };
    const value = withCondition(conditions, condition, clock.nowMs());
    const path = resourcePath({ ...MESH_PROFILES, ...splitAppName(app), subresource: "status" });
    await connection.patch(
      path,
      [
        { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
        ...(hasStatus ? [] : [{ op: "add", path: "/status", value: {} }]),
        // The whole of it, since a merge would leave limits in it that are gone.
        { op: "add", path: "/status/release", value: releaseStatus(release) },
        ...(value === undefined ? [] : [{ op: "add", path: "/status/conditions", value }]),
      ],
      { type: "json" },
    );
  }

  #tell({ app, release: before, wanted }: ReleasedProfile, release: Release): void {
    const { phase, reason, message, settled, target, firstNode, nodes } = release;
    const isNews = before?.phase !== phase || before.reason !== reason;
    if (!isNews) return;
    const versions = { wanted: wanted.version, settled: settled.version, target: target?.version };
    const line = { audit: true, app, phase, reason, message, ...versions, firstNode, ...nodes };
    if (phase === "Halted") this.#options.logger.warn(line, "release");
    else this.#options.logger.info(line, "release");
  }
}

interface ReadProfile {
  readonly profile: ReleasedProfile;
  readonly resourceVersion: string;
}
