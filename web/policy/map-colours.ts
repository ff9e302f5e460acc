// What a node's colour on the map says, as the name of a colour of the page's style; and the legend that says it in words.

import type { Resources } from "#model/resources.ts";
import type { MapNode } from "./cluster-map.ts";

export const MAP_MODES = ["room", "reuse", "pressure", "app"] as const;
export type MapMode = (typeof MAP_MODES)[number];

export interface LegendEntry {
  readonly colour: string;
  readonly text: string;
}

/** Upper ends of the first four of five classes. */
const REUSE_STEPS = [1.5, 3, 6, 12] as const;
const PRESSURE_STEPS = [0.5, 0.7, 0.85, 0.95] as const;
const SCALE = ["scale-0", "scale-1", "scale-2", "scale-3", "scale-4"] as const;
const NONE = "room";
const OTHER = "kind-other";
/** As many colours as can be told apart. */
const KINDS = 8;

/** Apps that have a colour of their own: those with most pods, in the order of their colours. */
export function colouredApps(nodes: readonly MapNode[]): readonly string[] {
  const pods = new Map<string, number>();
  for (const node of nodes) for (const [app, count] of node.pods) pods.set(app, (pods.get(app) ?? 0) + count);
  return [...pods]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, KINDS)
    .map(([app]) => app);
}

export interface ColourChoice {
  readonly mode: Exclude<MapMode, "room">;
  readonly resource: keyof Resources;
  /** Of `colouredApps`. */
  readonly kinds: readonly string[];
}

/** The node's colour. In the mode "room" a tile has three, and is drawn by its shares instead. */
export function mapColour(node: MapNode, { mode, resource, kinds }: ColourChoice): string {
  if (mode === "reuse") return node.reuse === null ? NONE : scaled(node.reuse, REUSE_STEPS);
  if (mode === "pressure") return scaled(pressureOf(node, resource), PRESSURE_STEPS);
  return kindOf(node, kinds);
}

/** The colour of the node's edge: `bad` needs somebody, `warn` is mended by the recommender in a moment. */
export function mapState({ free, isProxyReady, isShort }: MapNode): "bad" | "warn" | undefined {
  if (!isProxyReady || free.cpuMilli < 0 || free.memoryBytes < 0) return "bad";
  return isShort ? "warn" : undefined;
}

/** How much of what the node has is requested, the mesh included; above 1 on a node that is overcommitted. */
export function pressureOf({ apps, mesh, allocatable }: MapNode, resource: keyof Resources): number {
  return allocatable[resource] === 0 ? 0 : (apps[resource] + mesh[resource]) / allocatable[resource];
}

export function mapLegend(mode: MapMode, kinds: readonly string[]): readonly LegendEntry[] {
  return [...fills(mode, kinds), ...EDGES];
}

const EDGES: readonly LegendEntry[] = [
  { colour: "warn", text: "edge: proxy about to be resized" },
  { colour: "bad", text: "edge: overcommitted, or no ready proxy" },
];

function fills(mode: MapMode, kinds: readonly string[]): readonly LegendEntry[] {
  if (mode === "room")
    return [
      { colour: "apps", text: "requested by apps" },
      { colour: "mesh", text: "the mesh's share (proxy)" },
      { colour: "room", text: "free" },
    ];
  if (mode === "app")
    return [
      ...kinds.map((app, index) => ({ colour: `kind-${index}`, text: app })),
      { colour: OTHER, text: "other apps" },
      { colour: NONE, text: "no mesh pods" },
    ];
  const isReuse = mode === "reuse";
  const texts = isReuse
    ? rangeTexts(REUSE_STEPS, (step) => String(step), "pods to an instance")
    : rangeTexts(PRESSURE_STEPS, (step) => `${Math.round(step * 100)}`, "% requested");
  const scale = SCALE.map((colour, index) => ({ colour, text: texts[index] ?? "" }));
  return isReuse ? [{ colour: NONE, text: "no mesh pods" }, ...scale] : scale;
}

function rangeTexts(
  steps: readonly number[],
  text: (step: number) => string,
  unit: string,
): readonly string[] {
  const inner = steps.slice(1).map((step, index) => `${text(steps[index] ?? 0)}–${text(step)}`);
  return [`below ${text(steps[0] ?? 0)}`, ...inner, `${text(steps.at(-1) ?? 0)} and more ${unit}`];
}

function scaled(value: number, steps: readonly number[]): string {
  const index = steps.findIndex((step) => value < step);
  return SCALE[index === -1 ? SCALE.length - 1 : index] ?? NONE;
}

// The app with most pods there; one with a colour of its own wins among equals.
function kindOf({ pods }: MapNode, kinds: readonly string[]): string {
  let best = -1;
  let colour = NONE;
  for (const [app, count] of pods) {
    const kind = kinds.indexOf(app);
    const weight = count + (kind === -1 ? 0 : 0.5);
    if (weight <= best) continue;
    best = weight;
    colour = kind === -1 ? OTHER : `kind-${kind}`;
  }
  return colour;
}
