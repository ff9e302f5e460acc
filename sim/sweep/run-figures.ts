// The figures of a run that a sweep keeps and compares; those of its proxies' sizings stand for themselves.

import type { ComparedRun } from "../engine/comparison.ts";
import type { RunMoney } from "../scenario/money.ts";
import type { Survey } from "../survey/survey.ts";

/** Null where a run has none. */
export type RunFigures = Readonly<Record<string, number | null>>;

export function runFigures(run: ComparedRun, money: RunMoney | undefined): RunFigures {
  const { peak, average, pods, bounds, survey } = run;
  return withoutGaps({
    nodesUsed: peak.nodesUsed,
    instances: peak.instances,
    reuse: peak.reuse,
    meshCpuMilli: peak.meshCpuMilliGranted,
    meshMemoryBytes: peak.meshMemoryBytesGranted,
    nodesUsedAverage: average?.nodesUsed,
    instancesAverage: average?.instances,
    meshMemoryBytesAverage: average?.meshMemoryBytesGranted,
    unplaced: pods.unplaced,
    waitingMax: pods.waitingMax,
    overcommits: run.overcommits,
    capViolations: run.capViolations,
    resizes: run.resizes.grown + run.resizes.shrunk,
    pendingSecondsP99: run.pending.secondsP99,
    kubeletRejections: run.watch && run.watch.rejectedForRoom + run.watch.rejectedWithNode,
    lingeringHours: run.instances?.lingeringHours,
    cpuShortfallNodeSeconds: run.resizing?.shortfall.cpuNodeSeconds,
    memoryShortfallNodeSeconds: run.resizing?.shortfall.memoryNodeSeconds,
    nodesBound: bounds.nodes,
    instancesBound: bounds.instances,
    podsLostMax: mostLost(run, "pods"),
    appsLostMax: mostLost(run, "apps"),
    moneyPerHour: money?.perHour,
    moneyUsedPerHour: money?.usedPerHour,
    ...(survey !== undefined && surveyFigures(survey)),
  });
}

export interface SizingFigures {
  readonly sizing: string;
  readonly figures: RunFigures;
}

/** One for each way to size the proxies, where usage was played. */
export function sizingFigures({ usage }: ComparedRun): readonly SizingFigures[] {
  if (usage === undefined) return [];
  const { nodeMinutes, nodeMinutesWithoutRoom, sizings } = usage;
  const shareOfMinutes = (minutes: number): number | undefined =>
    nodeMinutes === 0 ? undefined : minutes / nodeMinutes;
  return sizings.map((one) => ({
    sizing: one.sizing,
    figures: withoutGaps({
      nodeMinutes,
      roomlessShare: shareOfMinutes(nodeMinutesWithoutRoom),
      throttledShare: shareOfMinutes(one.throttledNodeMinutes),
      oomKills: one.oomKills,
      appsInterrupted: one.appsInterrupted,
      podsInterrupted: one.podsInterrupted,
      resizesPerNodeDay: one.resizesPerNodeDay,
      proxyMemoryBytes: one.memoryBytesMean,
      proxyCpuMilli: one.cpuMilliMean,
      memoryUnusedShare: one.memorySlack,
      cpuUnusedShare: one.cpuSlack,
    }),
  }));
}

function surveyFigures({ room, mesh, blast, discovery, headroom }: Survey) {
  return {
    strandedCpuShare: room.strandedCpuShare,
    strandedMemoryShare: room.strandedMemoryShare,
    // Where it was given up, the figure is not known.
    headroomPods: headroom?.isFull === true ? headroom.pods : undefined,
    instancesSavedPerNode: mesh.instancesSavedPerNode,
    meshCpuShare: mesh.cpuShare,
    meshMemoryShare: mesh.memoryShare,
    podsOnNodeMax: blast.node.podsMax,
    appsGoneWithNodeMax: blast.node.appsGoneMax,
    appsGoneWithZoneMax: blast.zone?.appsGoneMax,
    discoveryEntries: discovery.entriesByNode ?? discovery.entriesByPod,
    connections: discovery.connectionsByNode ?? discovery.connectionsByPod,
  };
}

function withoutGaps(figures: Readonly<Record<string, number | undefined>>): RunFigures {
  const known = (value: number | undefined): number | null =>
    value === undefined || !Number.isFinite(value) ? null : value;
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, known(value)]));
}

/** With one node or zone; undefined where none was lost. */
function mostLost({ blasts }: ComparedRun, what: "pods" | "apps"): number | undefined {
  return blasts.length === 0 ? undefined : Math.max(...blasts.map((blast) => blast[what]));
}
