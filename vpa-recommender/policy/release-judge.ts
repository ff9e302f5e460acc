// Whether a new version of an app's configuration does as well as the one before, by what the nodes that have it report.
//   a node fails   ⇔  its instance ends unplanned, does not serve, or errors > e + 2·√(e·(1 − p)),  e = attempts · p
//   p              =  the share of errors with the version before, on the other nodes or earlier on this one, + margin
// Two standard deviations above what is granted anyway: a few early errors are no verdict, a stream of them is one at once.
// Silence is no consent: a node that cannot be asked is unknown, and nothing goes on.

import type { NodeName } from "#model/brand.ts";
import type { RolloutRules } from "#model/rollout-rules.ts";

export interface Figures {
  /** Requests, and connections that were refused before their first. */
  readonly attempts: number;
  readonly errors: number;
}

/** What a node's proxy says of the app's instance. */
export interface NodeReport extends Figures {
  /** That its instance has, whatever it should have. */
  readonly version: number;
  /** Since when. */
  readonly ageMs: number;
  readonly state: string;
  /** Unplanned ends since then, successors that did not start included. */
  readonly failures: number;
  /** With all versions before. */
  readonly before: Figures;
  /** Since this release was first looked at; absent at the first look. */
  readonly recent?: Figures;
}

export interface JudgedNodes {
  /** The version that is judged. */
  readonly version: number;
  /** Nodes that are to have it. */
  readonly nodes: readonly NodeName[];
  readonly firstNode: NodeName | undefined;
  /** Of all nodes that host the app and were asked. */
  readonly reports: ReadonlyMap<NodeName, NodeReport>;
  readonly rules: RolloutRules;
}

export type ReleaseVerdict =
  | { readonly kind: "bad"; readonly reason: BadReason; readonly message: string }
  | { readonly kind: "unknown"; readonly node: NodeName; readonly proven: number }
  /** Some nodes have not served long enough, or have not got enough requests. */
  | { readonly kind: "waiting"; readonly reason: "Judging"; readonly proven: number }
  | {
      readonly kind: "waiting";
      readonly reason: "NotTaken" | "NoTraffic";
      readonly node: NodeName;
      readonly proven: number;
    }
  | { readonly kind: "proven"; readonly proven: number };

export type BadReason = "InstanceFailed" | "InstanceNotServing" | "ErrorRate";

/** An instance takes a tenth of a second; a proxy that starts a hundred at once takes ten. */
const START_MS_MAX = 60_000;
const DEVIATIONS = 2;

export function judge(nodesToJudge: JudgedNodes): ReleaseVerdict {
  const judged = { ...nodesToJudge, others: othersOf(nodesToJudge) };
  const { nodes, reports, rules } = judged;
  const present = nodes.flatMap((node) => withVersion(judged, node));
  for (const [node, report] of present) {
    const fault = faultOf(node, report, judged);
    if (fault !== undefined) return fault;
  }
  const all = sum(present.map(([, report]) => report));
  const share = shareBefore(judged, sum(present.map(([, { before }]) => before)));
  if (isTooMany(all, share, rules)) return errorRate(`${present.length} nodes`, all, share);
  const proven = present.filter(([node, report]) => isProven(node, report, judged)).length;
  const unknown = nodes.find((node) => !reports.has(node));
  if (unknown !== undefined) return { kind: "unknown", node: unknown, proven };
  if (proven === nodes.length) return { kind: "proven", proven };
  const behind = nodes.find((node) => reports.get(node)?.version !== judged.version);
  if (behind !== undefined) return { kind: "waiting", reason: "NotTaken", node: behind, proven };
  const silent = present.find(
    ([node, report]) =>
      report.ageMs >= rules.pauseMs && isHealthy(report, rules) && !isProven(node, report, judged),
  )?.[0];
  return silent === undefined
    ? { kind: "waiting", reason: "Judging", proven }
    : { kind: "waiting", reason: "NoTraffic", node: silent, proven };
}

function withVersion(
  { reports, version }: JudgedNodes,
  node: NodeName,
): readonly (readonly [NodeName, NodeReport])[] {
  const report = reports.get(node);
  return report?.version === version ? [[node, report]] : [];
}

function faultOf(node: NodeName, report: NodeReport, judged: Compared): ReleaseVerdict | undefined {
  const { rules } = judged;
  const { failures, ageMs } = report;
  if (failures > rules.restartsMax) {
    const message = `the instance on ${node} ended or could not be replaced, ${failures} times`;
    return { kind: "bad", reason: "InstanceFailed", message };
  }
  if (!isServing(report) && ageMs > START_MS_MAX) {
    const message = `the instance on ${node} has not served for ${Math.round(ageMs / 1000)} s`;
    return { kind: "bad", reason: "InstanceNotServing", message };
  }
  const share = shareBefore(judged, report.before);
  return isTooMany(report, share, rules) ? errorRate(node, report, share) : undefined;
}

function isProven(node: NodeName, report: NodeReport, judged: Compared): boolean {
  const { rules, firstNode, others } = judged;
  if (!isHealthy(report, rules) || report.ageMs < rules.pauseMs) return false;
  if (report.attempts >= rules.requestsMin) return true;
  if (rules.withoutTraffic === "Wait") return false;
  return node !== firstNode || others.recently.attempts < rules.requestsMin;
}

function isHealthy(report: NodeReport, { restartsMax }: RolloutRules): boolean {
  return report.failures <= restartsMax && isServing(report);
}

/** Lingering: it serves, and its last pod has gone. */
export function isServing({ state }: Pick<NodeReport, "state">): boolean {
  return state === "serving" || state === "lingering";
}

function errorRate(where: string, { attempts, errors }: Figures, share: number): ReleaseVerdict {
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const message = `${errors} of ${attempts} requests failed on ${where}, and ${percent(share)} of them with the version before`;
  return { kind: "bad", reason: "ErrorRate", message };
}

function isTooMany({ attempts, errors }: Figures, shareBefore: number, rules: RolloutRules): boolean {
  if (attempts < rules.requestsMin) return false;
  const granted = Math.min(1, shareBefore + rules.errorMargin);
  const expected = attempts * granted;
  return errors > expected + DEVIATIONS * Math.sqrt(expected * (1 - granted));
}

/** Of errors with the version before: on the other nodes, or earlier where it is tried now, whichever is more. */
function shareBefore({ rules, others }: Compared, earlierHere: Figures): number {
  const shares = [others.recently, others.ever, earlierHere].map(({ attempts, errors }) =>
    attempts >= rules.requestsMin ? errors / attempts : undefined,
  );
  const [recently, ever, here] = shares;
  return Math.max(recently ?? ever ?? 0, here ?? 0);
}

/** Summed once: there may be thousands to compare with it. */
interface Compared extends JudgedNodes {
  readonly others: { readonly recently: Figures; readonly ever: Figures };
}

function othersOf({ reports, version }: JudgedNodes): Compared["others"] {
  const others = [...reports.values()].filter((report) => report.version !== version);
  return { recently: sum(others.map(({ recent = NONE }) => recent)), ever: sum(others) };
}

const NONE: Figures = { attempts: 0, errors: 0 };

function sum(figures: readonly Figures[]): Figures {
  return figures.reduce<Figures>(
    (total, { attempts, errors }) => ({
      attempts: total.attempts + attempts,
      errors: total.errors + errors,
    }),
    NONE,
  );
}
