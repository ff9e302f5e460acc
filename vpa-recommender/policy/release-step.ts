// One step of an app's release: what the profile asks for, what is recorded and what the nodes report in, what is to be
// recorded next out. Nothing else is remembered: whatever crashes or is repeated, the next step goes on from the record,
// and the nodes follow the record alone.
//
//   Settled ─ spec changed → RollingOut: the first node alone → judged good → more, never above the limit unproven → Settled
//                                  │ a node cannot be asked: Paused, until it can
//                                  └ judged bad: Halted, and every node back at the settled version
//
// A release that is overtaken by another change begins anew with that; one whose spec is put back ends where it began.

import type { AppName, NodeName } from "#model/brand.ts";
import {
  hasTarget,
  nodesInTurn,
  placeInOrder,
  PREVIOUS_MAX,
  REACH_MAX,
  type Release,
  type ReleaseVersion,
  type VersionInUse,
} from "#model/release.ts";
import { nodesAtOnce, type RolloutRules } from "#model/rollout-rules.ts";
import { type BadReason, isServing, judge, type NodeReport, type ReleaseVerdict } from "./release-judge.ts";

export interface ReleaseView {
  readonly app: AppName;
  /** What the spec asks for. */
  readonly wanted: ReleaseVersion;
  /** It is to go to all nodes at once, having settled before. */
  readonly isAtOnce: boolean;
  /** False where the proxies are not asked: there is nothing to judge by. */
  readonly isJudged: boolean;
  readonly rules: RolloutRules;
  /** As it is recorded; undefined for a profile that has never been released. */
  readonly release: Release | undefined;
  /** Those that host the app. */
  readonly nodes: readonly NodeName[];
  /** Of those that answered. */
  readonly reports: ReadonlyMap<NodeName, NodeReport>;
}

/** Each that goes before it is judged may have seen a bad version. */
const FIRST_NODES_MAX = 3;

export type HaltReason = BadReason | "NoFirstNode";

/** What is to be recorded; undefined to leave the record as it is. */
export function nextRelease(view: ReleaseView): Release | undefined {
  const changed = stepped(view) ?? view.release;
  const next = changed && { ...changed, inUse: inUseOf(view) };
  return next === undefined || JSON.stringify(inOrder(next)) === JSON.stringify(inOrder(view.release))
    ? undefined
    : next;
}

/** By what the nodes say; where nobody is asked or answers, nothing. */
function inUseOf({ nodes, reports }: ReleaseView): Release["inUse"] {
  const counts = new Map<number, number>();
  for (const node of nodes) {
    const version = reports.get(node)?.version;
    if (version !== undefined) counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  return [...counts].map(([version, count]) => ({ version, nodes: count })).toSorted(byVersion);
}

function byVersion(a: VersionInUse, b: VersionInUse): number {
  return a.version - b.version;
}

function stepped(view: ReleaseView): Release | undefined {
  const { release, wanted, isJudged } = view;
  if (release === undefined) return isJudged ? settled(view, wanted, []) : undefined;
  if (wanted.config === release.settled.config)
    return release.target === undefined ? undefined : settled(view, release.settled, release.previous);
  if (!isJudged || (view.isAtOnce && wasGood(release, wanted))) return settleOn(view, release, wanted);
  const { target } = release;
  if (target === undefined || target.config !== wanted.config) return begin(view, release, wanted);
  if (release.phase === "Halted") return undefined;
  return advance(view, release, target);
}

function begin(view: ReleaseView, release: Release, target: ReleaseVersion): Release | undefined {
  const { nodes } = view;
  // Nobody to try it on, and nobody to suffer.
  if (nodes.length === 0) return settleOn(view, release, target);
  const { settled, previous } = release;
  const fresh: Release = { ...FRESH, settled, previous, target, nodes: { ...NO_NODES, total: nodes.length } };
  return chooseFirst(view, fresh, target);
}

/** Undefined to look once more: the first look shows no traffic. */
function chooseFirst(view: ReleaseView, release: Release, target: ReleaseVersion): Release | undefined {
  const { app, nodes, reports, rules } = view;
  const total = nodes.length;
  const counted = { ...withoutFirst(release), nodes: { total, updated: 0, proven: 0 } };
  if (rules.isPaused) return paused(counted, "AskedFor", ASKED_FOR);
  if (release.firstNodesTried >= FIRST_NODES_MAX) {
    const message = `${FIRST_NODES_MAX} nodes in a row lost the app before version ${target.version} was judged on them`;
    return halted(counted, "NoFirstNode", message);
  }
  const fit = nodes.filter((node) => {
    const report = reports.get(node);
    return report !== undefined && isServing(report);
  });
  if (fit.length === 0) {
    const message = `version ${target.version} waits for a node of the app that is found serving, to begin with`;
    return paused(counted, "NoFirstNode", message);
  }
  if (fit.some((node) => reports.get(node)?.recent === undefined)) return undefined;
  const busy = fit.filter((node) => (reports.get(node)?.recent?.attempts ?? 0) > 0);
  const [firstNode] = nodesInTurn(app, target.version, busy.length > 0 ? busy : fit);
  if (firstNode === undefined) return undefined;
  return {
    ...counted,
    ...rollingOut(target, { updated: 1, total }),
    firstNode,
    firstNodesTried: release.firstNodesTried + 1,
    nodes: { total, updated: 1, proven: 0 },
  };
}

function advance(view: ReleaseView, release: Release, target: ReleaseVersion): Release | undefined {
  const { app, nodes, reports, rules } = view;
  const { firstNode } = release;
  if (nodes.length === 0) return settleOn(view, release, target);
  const updated = nodes.filter((node) => hasTarget(release, app, node));
  const isFirstGone = firstNode === undefined || !nodes.includes(firstNode);
  if (isFirstGone && release.reach === 0) return chooseFirst(view, release, target);
  const verdict = judge({ version: target.version, nodes: updated, firstNode, reports, rules });
  if (verdict.kind === "bad") {
    const message = `version ${target.version} is taken back: ${verdict.message}`;
    return halted({ ...release, nodes: { ...release.nodes, total: nodes.length } }, verdict.reason, message);
  }
  const counts = { total: nodes.length, updated: updated.length, proven: verdict.proven };
  const counted = { ...release, nodes: counts };
  if (rules.isPaused) return paused(counted, "AskedFor", ASKED_FOR);
  if (verdict.kind === "unknown") {
    const message = `the proxy on ${verdict.node} does not say how version ${target.version} does there`;
    return paused(counted, "NodeUnknown", message);
  }
  if (verdict.kind === "proven" && updated.length === nodes.length) return settleOn(view, release, target);
  return widen(view, { ...counted, ...progress(target, counts, verdict) }, { target, updated });
}

/** More nodes, as many as may be unproven at once: at most as many as have proved good, so the first stays alone. */
function widen(
  { app, nodes, rules }: ReleaseView,
  release: Release,
  { target, updated }: { readonly target: ReleaseVersion; readonly updated: readonly NodeName[] },
): Release {
  const { proven } = release.nodes;
  const room = Math.min(nodesAtOnce(rules, nodes.length), proven) - (updated.length - proven);
  if (room <= 0) return release;
  const has = new Set(updated);
  const waiting = nodesInTurn(
    app,
    target.version,
    nodes.filter((node) => !has.has(node)),
  );
  const taken = waiting.slice(0, room);
  const last = taken.at(-1);
  if (last === undefined) return release;
  const isAll = taken.length === waiting.length;
  const reach = isAll ? REACH_MAX : placeInOrder(app, target.version, last) + 1;
  const counts = { ...release.nodes, updated: updated.length + taken.length };
  return { ...release, ...rollingOut(target, counts), reach, nodes: counts };
}

function progress(
  target: ReleaseVersion,
  counts: Pick<Release["nodes"], "updated" | "total">,
  verdict: Exclude<ReleaseVerdict, { readonly kind: "bad" | "unknown" }>,
): Pick<Release, "phase" | "reason" | "message"> {
  if (verdict.kind === "proven" || verdict.reason === "Judging") return rollingOut(target, counts);
  const message =
    verdict.reason === "NoTraffic"
      ? `version ${target.version} has not had enough requests on ${verdict.node} to be judged by`
      : `the proxy on ${verdict.node} has not taken version ${target.version}: its log says why`;
  return { phase: "RollingOut", reason: verdict.reason, message };
}

function rollingOut(
  { version }: ReleaseVersion,
  { updated, total }: Pick<Release["nodes"], "updated" | "total">,
): Pick<Release, "phase" | "reason" | "message"> {
  const message = `version ${version} is on ${updated} of ${total} nodes`;
  return { phase: "RollingOut", reason: "Judging", message };
}

function paused(release: Release, reason: string, message: string): Release {
  return { ...release, phase: "Paused", reason, message };
}

/** Nobody has the target any more: it is kept to know it by. */
function halted(release: Release, reason: HaltReason, message: string): Release {
  const nodes = { ...release.nodes, updated: 0, proven: 0 };
  return { ...withoutFirst(release), phase: "Halted", reason, message, reach: 0, nodes };
}

function settleOn(view: ReleaseView, release: Release, version: ReleaseVersion): Release {
  const before = [release.settled, ...release.previous].filter(({ config }) => config !== version.config);
  return settled(view, version, before.slice(0, PREVIOUS_MAX));
}

function settled(
  { nodes }: ReleaseView,
  version: ReleaseVersion,
  previous: readonly ReleaseVersion[],
): Release {
  const total = nodes.length;
  return {
    ...FRESH,
    phase: "Settled",
    settled: version,
    previous,
    reason: "Settled",
    message: `version ${version.version} is on all nodes`,
    nodes: { total, updated: total, proven: total },
  };
}

function withoutFirst(release: Release): Release {
  return { ...release, firstNode: undefined };
}

function wasGood({ previous }: Release, wanted: ReleaseVersion): boolean {
  return previous.some(({ config }) => config === wanted.config);
}

// The record comes from the API server with its keys in another order.
function inOrder(release: Release | undefined): unknown {
  return Object.entries(release ?? {})
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const ASKED_FOR = "spec.rollout.paused is set";
const NO_NODES = { total: 0, updated: 0, proven: 0 };
const FRESH = {
  phase: "RollingOut",
  firstNodesTried: 0,
  reach: 0,
  reason: "Judging",
  message: "",
  inUse: [],
} as const;
