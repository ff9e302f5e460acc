// What is written into a VPA's status: the recommendation per container, and how things stand.

import { formatCpu, formatMemory } from "#model/quantity.ts";
import type { ContainerRecommendation, SomeResources } from "../policy/vpa-recommendation.ts";
import type { VpaStatus } from "./vpa-object.ts";

export interface VpaFindings {
  /** Undefined while nothing is known; what stands there already stays then. */
  readonly recommendation: readonly ContainerRecommendation[];
  readonly podCount: number;
  /** Why the target's pods are not known, if so. */
  readonly targetFault: string | undefined;
}

/** The status to write, or undefined if it is as it should be. */
export function nextVpaStatus(
  before: VpaStatus,
  findings: VpaFindings,
  nowMs: number,
): VpaStatus | undefined {
  const { recommendation, targetFault } = findings;
  // While the target is not found, what was said of it holds.
  const keepsRecommendation = targetFault !== undefined || recommendation.length === 0;
  const kept = before.recommendation ?? undefined;
  const next = keepsRecommendation ? kept : { containerRecommendations: recommendation.map(asApi) };
  const after: VpaStatus = {
    ...(next === undefined ? {} : { recommendation: next }),
    conditions: conditionsOf(before, { ...findings, isProvided: next !== undefined }, nowMs),
  };
  return JSON.stringify(withoutTimes(after)) === JSON.stringify(withoutTimes(before)) ? undefined : after;
}

type Conditions = NonNullable<VpaStatus["conditions"]>;

// Types and reasons are upstream's; an absent condition is false.
function conditionsOf(
  { conditions }: VpaStatus,
  { podCount, targetFault, isProvided }: VpaFindings & { readonly isProvided: boolean },
  nowMs: number,
): Conditions {
  const noPods = { reason: "NoPodsMatched", message: "No pods match this VPA object" };
  const hasNoPods = podCount === 0 && targetFault === undefined;
  const wanted: Conditions = [
    ...(targetFault === undefined
      ? []
      : [{ type: "ConfigUnsupported", status: "True", message: targetFault }]),
    ...(hasNoPods ? [{ type: "NoPodsMatched", status: "True", ...noPods }] : []),
    {
      type: "RecommendationProvided",
      status: isProvided ? "True" : "False",
      ...(!isProvided && hasNoPods ? noPods : {}),
    },
  ];
  return wanted.map((condition) => {
    const present = (conditions ?? []).find(({ type }) => type === condition.type);
    const since = present?.status === condition.status ? present.lastTransitionTime : undefined;
    const lastTransitionTime = since ?? `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
    return Object.assign({}, condition, { lastTransitionTime });
  });
}

function asApi(recommended: ContainerRecommendation) {
  return {
    containerName: recommended.name,
    target: quantitiesOf(recommended.target),
    lowerBound: quantitiesOf(recommended.lowerBound),
    upperBound: quantitiesOf(recommended.upperBound),
    uncappedTarget: quantitiesOf(recommended.uncappedTarget),
  };
}

function quantitiesOf({ cpuMilli, memoryBytes }: SomeResources) {
  return {
    ...(cpuMilli === undefined ? {} : { cpu: formatCpu(cpuMilli) }),
    ...(memoryBytes === undefined ? {} : { memory: formatMemory(memoryBytes) }),
  };
}

function withoutTimes({ recommendation, conditions }: VpaStatus): unknown {
  const facts = (conditions ?? []).map(({ type, status, reason, message }) => [
    type,
    status,
    reason,
    message,
  ]);
  const amounts = recommendation?.containerRecommendations?.map((one) =>
    [one.target, one.lowerBound, one.upperBound, one.uncappedTarget]
      .map((list) => [list?.cpu, list?.memory])
      .concat([[one.containerName]]),
  );
  return [facts, amounts];
}
