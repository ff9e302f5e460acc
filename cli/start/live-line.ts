// One line about the run, rewritten in place on a terminal and repeated now and then elsewhere.

import type { FleetTotals } from "#sim/audit/fleet-tally.ts";
import { gibibytes } from "./summary.ts";

export interface LiveFigures {
  readonly traceSeconds: number;
  /** Of the whole trace; it goes on beyond, with what is there then. */
  readonly traceSecondsMax: number;
  readonly totals: FleetTotals;
  readonly placed: number;
  readonly pending: number;
  readonly requests: number;
}

const TERMINAL_MS = 1_000;
const ELSEWHERE_MS = 10_000;

/** Starts to show figures; the returned function ends it. */
export function showLive(figures: () => LiveFigures): () => void {
  const isTerminal = process.stdout.isTTY;
  const show = (): void => {
    const line = liveLine(figures());
    process.stdout.write(
      isTerminal ? `\r\u001b[2K${line.slice(0, process.stdout.columns - 1)}` : `${line}\n`,
    );
  };
  const timer = setInterval(show, isTerminal ? TERMINAL_MS : ELSEWHERE_MS);
  return () => {
    clearInterval(timer);
    show();
    if (isTerminal) process.stdout.write("\n");
  };
}

export function liveLine({
  traceSeconds,
  traceSecondsMax,
  totals,
  placed,
  pending,
  requests,
}: LiveFigures): string {
  const { pods, instances, nodesUsed, meshMemoryBytes, sidecarMemoryBytes } = totals;
  const reuse = instances === 0 ? "–" : (pods / instances).toFixed(2);
  return [
    traceSeconds < traceSecondsMax
      ? `trace ${clockText(traceSeconds)} of ${clockText(traceSecondsMax)}`
      : `trace over, ${clockText(traceSeconds)}; Ctrl-C ends`,
    `${placed} placed${pending > 0 ? ` (${pending} wait)` : ""}, ${pods} running on ${nodesUsed} nodes`,
    `${instances} instances, reuse ${reuse}`,
    `mesh ${gibibytes(meshMemoryBytes)}, as sidecars ${gibibytes(sidecarMemoryBytes)}`,
    `${requests} requests verified`,
  ].join(" · ");
}

function clockText(seconds: number): string {
  const part = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${part(seconds / 3600)}:${part((seconds / 60) % 60)}:${part(seconds % 60)}`;
}
