// A fleet that is smaller than what the pods ask for at once: some will wait, whatever the policy. A planner may mean it,
// and is told before the run.

import { addResources, isWithin, noResources, type Resources } from "#model/resources.ts";
import type { FleetShape } from "../engine/fleet.ts";
import { coresText, countText, memoryText } from "../report/figures.ts";
import { traceEvents } from "../traces/trace-events.ts";
import type { TracePod } from "../traces/trace.ts";

/** Of the pods' own requests, without any mesh; undefined if the fleet holds them or grows. */
export function tooSmallFleet(pods: readonly TracePod[], fleet: FleetShape): string | undefined {
  if (fleet.kind === "auto") return undefined;
  const size = fleet.nodes.reduce((sum, { allocatable }) => addResources(sum, allocatable), noResources);
  // Most fleets hold all pods there ever are, which is sooner known.
  if (isWithin(requestsOf(pods), size)) return undefined;
  const peak = mostAsked(pods);
  if (isWithin(peak, size)) return undefined;
  return (
    `at some time the pods alone ask for ${sizeText(peak)}, without any mesh, and all ${countText(fleet.nodes.length)} nodes ` +
    `together have ${sizeText(size)}: some pods will wait under every policy`
  );
}

function requestsOf(pods: readonly TracePod[]): Resources {
  return pods.reduce((sum, { request }) => addResources(sum, request), noResources);
}

/** The most CPU and the most memory that are asked for, each at its own time. */
function mostAsked(pods: readonly TracePod[]): Resources {
  let cpuMilli = 0;
  let memoryBytes = 0;
  const most = { cpuMilli: 0, memoryBytes: 0 };
  for (const { kind, pod } of traceEvents(pods)) {
    const sign = kind === "arrival" ? 1 : -1;
    cpuMilli += sign * pod.request.cpuMilli;
    memoryBytes += sign * pod.request.memoryBytes;
    most.cpuMilli = Math.max(most.cpuMilli, cpuMilli);
    most.memoryBytes = Math.max(most.memoryBytes, memoryBytes);
  }
  return most;
}

function sizeText({ cpuMilli, memoryBytes }: Resources): string {
  return `${coresText(cpuMilli)} cores and ${memoryText(memoryBytes)}`;
}
