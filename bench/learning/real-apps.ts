// What the apps of the real proxy are asked while their costs are learned, and while they are predicted: each has an own
// size of answers, and its connections, requests and pods do not move together.

export interface RealApp {
  readonly name: string;
  readonly bodyBytes: number;
  /** At the load that the levels are multiples of. */
  readonly perSecond: number;
  readonly connections: number;
}

export interface RealLoad {
  readonly perSecond: number;
  readonly connections: number;
}

export const REAL_APPS: readonly RealApp[] = [
  { name: "bench/tiny", bodyBytes: 128, perSecond: 150, connections: 8 },
  { name: "bench/api", bodyBytes: 1024, perSecond: 100, connections: 32 },
  { name: "bench/page", bodyBytes: 8 * 1024, perSecond: 60, connections: 16 },
  { name: "bench/image", bodyBytes: 64 * 1024, perSecond: 20, connections: 8 },
  { name: "bench/quiet", bodyBytes: 1024, perSecond: 4, connections: 64 },
  { name: "bench/chat", bodyBytes: 256, perSecond: 40, connections: 128 },
];

/** Multiples of an app's requests and of its connections. */
interface Level {
  readonly rate: number;
  readonly connections: number;
}

const LEARNED: readonly Level[] = [
  { rate: 0, connections: 0.25 },
  { rate: 0.5, connections: 1 },
  { rate: 2, connections: 0.5 },
  { rate: 1, connections: 2 },
  { rate: 0.25, connections: 0.25 },
  { rate: 1.5, connections: 1.5 },
  { rate: 0.1, connections: 1 },
  { rate: 3, connections: 1 },
];
/** None of them was learned from; the last is beyond all that were. */
const PREDICTED: readonly Level[] = [
  { rate: 0.75, connections: 0.75 },
  { rate: 1.25, connections: 0.5 },
  { rate: 2.5, connections: 1.75 },
  { rate: 4, connections: 3 },
];

export const STEPS = { learned: LEARNED.length, predicted: PREDICTED.length } as const;

/** An app's load at a step; each app is at another level, so that the node's apps do not rise and fall as one. */
export function loadAt(app: RealApp, phase: keyof typeof STEPS, step: number): RealLoad {
  const levels = phase === "learned" ? LEARNED : PREDICTED;
  const { rate, connections } = levels[(step + REAL_APPS.indexOf(app)) % levels.length] ?? {
    rate: 0,
    connections: 0,
  };
  return {
    perSecond: app.perSecond * rate,
    connections: Math.max(1, Math.round(app.connections * connections)),
  };
}

/** Pods of every app at a step of learning: they join as time goes. */
export function podsAt(step: number): number {
  return 1 + Math.floor(step / 3);
}
