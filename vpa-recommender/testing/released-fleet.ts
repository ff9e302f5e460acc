// Nodes and the record of one app's release, under a hostile order of events from a seed: nodes take what the record says
// when they come to read it, pods come and go, proxies fall silent and start anew, specs are edited in the middle, and
// whoever carries the release out decides on what it read a while ago, writes late, in vain, or dies.
//
// Held after every event: nobody has a version that the record does not give them; a bad version is never on more nodes
// than have been the first; never more unproven nodes than the limit, as far as whoever widens it can know.

import assert from "node:assert/strict";
import type { AppName, NodeName } from "#model/brand.ts";
import { assignedVersion, hasTarget, type Release, type ReleaseVersion } from "#model/release.ts";
import { DEFAULT_ROLLOUT_RULES, nodesAtOnce, type RolloutRules } from "#model/rollout-rules.ts";
import type { NodeReport } from "../policy/release-judge.ts";
import { nextRelease } from "../policy/release-step.ts";
import { ReleaseSurvey } from "../policy/release-survey.ts";

const APP = "shop/cart" as AppName;
/** A configuration that makes every second request fail. */
export const BAD = "bad";
const REQUESTS_PER_SECOND = 5;

interface FleetNode {
  version: ReleaseVersion;
  sinceMs: number;
  attempts: number;
  errors: number;
  before: { attempts: number; errors: number };
  isSilent: boolean;
  /** Had a bad version at any time. */
  hasSeenBad: boolean;
}

export class ReleasedFleet {
  readonly nodes = new Map<NodeName, FleetNode>();
  readonly rules: RolloutRules;
  record: Release | undefined;
  wanted: ReleaseVersion = { version: 1, config: "one" };
  isAtOnce = false;
  nowMs = 0;
  /** The most unproven nodes after any record. */
  unprovenMost = 0;
  records = 0;
  readonly firstNodes = new Set<NodeName>();
  #survey: ReleaseSurvey | undefined;
  #made = 0;

  constructor(count: number, rules: Partial<RolloutRules> = {}) {
    this.rules = { ...DEFAULT_ROLLOUT_RULES, ...rules };
    for (let index = 0; index < count; index++) this.join();
  }

  join(): void {
    const name = `node-${this.#made++}` as NodeName;
    const version = this.record === undefined ? this.wanted : assignedVersion(this.record, APP, name);
    const zero = { attempts: 0, errors: 0 };
    const hasSeenBad = version.config === BAD;
    this.nodes.set(name, {
      version,
      sinceMs: this.nowMs,
      ...zero,
      before: zero,
      isSilent: false,
      hasSeenBad,
    });
  }

  edit(config: string): void {
    this.wanted = { version: this.wanted.version + 1, config };
    this.isAtOnce = false;
  }

  pass(ms: number): void {
    this.nowMs += ms;
    const requests = Math.round((REQUESTS_PER_SECOND * ms) / 1_000);
    for (const node of this.nodes.values()) {
      node.attempts += requests;
      if (node.version.config === BAD) node.errors += Math.ceil(requests / 2);
    }
  }

  /** The node's proxy reads the record. */
  deliver(name: NodeName): void {
    const node = this.nodes.get(name);
    if (node === undefined || this.record === undefined) return;
    const version = assignedVersion(this.record, APP, name);
    if (version.version === node.version.version) return;
    const before = {
      attempts: node.before.attempts + node.attempts,
      errors: node.before.errors + node.errors,
    };
    node.hasSeenBad ||= version.config === BAD;
    this.nodes.set(name, { ...node, version, sinceMs: this.nowMs, attempts: 0, errors: 0, before });
  }

  /** Its host dies and comes back: it counts from nothing, and keeps its version. */
  restart(name: NodeName): void {
    const node = this.nodes.get(name);
    if (node === undefined) return;
    const zero = { attempts: 0, errors: 0 };
    this.nodes.set(name, { ...node, sinceMs: this.nowMs, ...zero, before: zero });
  }

  /** What a look finds and decides; to be written, or not, later. */
  look(): () => void {
    const read = this.record;
    const { wanted, isAtOnce } = this;
    const names = [...this.nodes.keys()];
    const isSame = read?.target?.config === wanted.config;
    const version = isSame ? (read.target?.version ?? wanted.version) : wanted.version;
    if (this.#survey?.version !== version) this.#survey = new ReleaseSurvey(APP, version);
    const survey = this.#survey;
    const { pauseMs } = this.rules;
    for (const name of read === undefined ? [] : survey.next(names, { release: read, pauseMs })) {
      const report = this.report(name);
      if (report === undefined) survey.silent(name, pauseMs);
      else survey.answered(name, report);
    }
    const next = nextRelease({
      app: APP,
      wanted,
      isAtOnce,
      isJudged: true,
      rules: this.rules,
      release: read,
      nodes: names,
      reports: survey.reports,
    });
    if (next !== undefined) this.#check(next, read, names);
    return () => {
      // The API server takes it only if nobody wrote meanwhile.
      if (next === undefined || this.record !== read || this.wanted !== wanted) return;
      this.record = next;
      this.records += 1;
      if (next.firstNode !== undefined) this.firstNodes.add(next.firstNode);
    };
  }

  /** Whoever carried it out is gone with all that it knew. */
  crash(): void {
    this.#survey = undefined;
  }

  report(name: NodeName): NodeReport | undefined {
    const node = this.nodes.get(name);
    if (node === undefined || node.isSilent) return undefined;
    const { version, sinceMs, attempts, errors, before } = node;
    const ageMs = this.nowMs - sinceMs;
    return {
      version: version.version,
      ageMs,
      state: "serving",
      failures: 0,
      attempts,
      errors,
      before,
    };
  }

  seenBad(): readonly NodeName[] {
    return [...this.nodes].filter(([, { hasSeenBad }]) => hasSeenBad).map(([name]) => name);
  }

  /** The limit, by what was known when it was decided: nodes may come in the moment after. */
  #check(next: Release, before: Release | undefined, names: readonly NodeName[]): void {
    const { target, nodes } = next;
    if (target === undefined || next.phase === "Halted") return;
    const has = names.filter((name) => hasTarget(next, APP, name));
    const unproven = has.filter((name) => {
      const report = this.#survey?.reports.get(name);
      return report?.version !== target.version || report.ageMs < this.rules.pauseMs;
    });
    this.unprovenMost = Math.max(this.unprovenMost, unproven.length);
    if (next.reach === 0) assert.ok(has.length <= 1, "the first node is alone");
    if (before?.reach === next.reach && before.firstNode === next.firstNode) return;
    const limit = nodesAtOnce(this.rules, nodes.total);
    assert.ok(unproven.length <= limit, `${unproven.length} unproven nodes, ${limit} at once`);
  }
}
