// The picture of who imports whom: boxes are folders, arrows are imports with their number, and what everyone builds on
// is named by pills, since arrows from every box to the same three bars would hide the rest.

import { type AreaArrow, type AreaMap, areaMap } from "./area-arrows.ts";
import type { ImportGraph } from "./import-graph.ts";
import type { Area } from "./import-law.ts";
import { type Box, FOUNDATIONS, layOut } from "./picture-layout.ts";
import { createRouter, type Point, type Route } from "./picture-routes.ts";

/** The whole picture as SVG; the same graph always gives the same text. */
export function drawImports(graph: ImportGraph): string {
  const map = areaMap(graph);
  const layout = layOut(new Set(map.files.keys()));
  const route = createRouter(layout);
  const drawn = map.arrows.filter(({ to }) => !isFoundation(to));
  const { width, height } = layout;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif">`,
    MARKERS,
    `<rect width="${width}" height="${height}" rx="14" fill="#ffffff"/>`,
    text({ x: 36, y: 36 }, "Who imports whom", 'font-size="19" font-weight="600" fill="#1f2933"'),
    text({ x: 36, y: 57 }, SUBTITLE, 'font-size="12" fill="#5b6773"'),
    ...drawn.map((arrow) => drawArrow(arrow, route(arrow))),
    ...[...layout.boxes.values()].map((box) => drawBox(box, map)),
    ...drawLegend(layout.height - 26),
    "</svg>\n",
  ].join("\n");
}

const SUBTITLE =
  "Boxes are folders, numbers on arrows count imports; pills count imports of the bars below. Tests may import anything and are left out.";

const PAINTS = {
  composition: { fill: "#f3f4f6", stroke: "#8792a0", label: "wiring" },
  effects: { fill: "#e8f0fb", stroke: "#4a7fc1", label: "effects" },
  pure: { fill: "#e6f4ea", stroke: "#3f9160", label: "pure: no clock, no I/O, no randomness" },
  simulation: { fill: "#fdf1dc", stroke: "#c98a22", label: "simulation and views" },
} as const;

const PILL_PAINTS: Readonly<Record<(typeof FOUNDATIONS)[number], string>> = {
  kube: "#4a7fc1",
  runtime: "#6d7b8a",
  model: "#3f9160",
};

const ARROW_COLOR = "#5b6773";
const MARKERS = `<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.6 L8 4 L0 7.4 Z" fill="${ARROW_COLOR}"/></marker></defs>`;

function isFoundation(area: Area): area is (typeof FOUNDATIONS)[number] {
  return FOUNDATIONS.some((foundation) => foundation === area);
}

function paintOf(area: Area): (typeof PAINTS)[keyof typeof PAINTS] {
  if (area === "cli" || area.endsWith("/main")) return PAINTS.composition;
  if (area === "model" || area.endsWith("/policy")) return PAINTS.pure;
  return area.startsWith("sim") ? PAINTS.simulation : PAINTS.effects;
}

function drawBox(box: Box, { files, arrows }: AreaMap): string {
  const { x, y, width, height, area, title } = box;
  const { fill, stroke } = paintOf(area);
  const count = files.get(area) ?? 0;
  const isBar = box.column === undefined;
  const middle = y + height / 2 + 5;
  const pills = FOUNDATIONS.flatMap((target) => {
    const found = arrows.find(({ from, to }) => from === area && to === target);
    return found === undefined ? [] : [{ target, imports: found.imports }];
  });
  const pillsWidth = pills.reduce(
    (sum, { target, imports }) => sum + pillWidth(target, imports) + PILL_GAP,
    0,
  );
  let pillX = isBar ? x + width - 10 - pillsWidth : x + 10;
  const drawnPills = pills.map(({ target, imports }) => {
    const pill = drawPill({ x: pillX, y: isBar ? y + 13 : y + 50 }, target, imports);
    pillX += pillWidth(target, imports) + PILL_GAP;
    return pill;
  });
  return [
    `<g><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" fill="${fill}" stroke="${stroke}" stroke-width="1.4"/>`,
    text({ x: x + 12, y: isBar ? middle : y + 22 }, title, 'font-size="14" font-weight="600" fill="#1f2933"'),
    text(
      isBar ? { x: x + 90, y: middle } : { x: x + 12, y: y + 40 },
      filesText(count),
      'font-size="12" fill="#5b6773"',
    ),
    ...drawnPills,
    "</g>",
  ].join("");
}

const PILL_GAP = 4;

function pillText(target: string, imports: number): string {
  return `${target} ${imports}`;
}

// By the number of characters: SVG cannot measure text.
function pillWidth(target: string, imports: number): number {
  return 14 + Math.ceil(pillText(target, imports).length * 5.8);
}

function drawPill({ x, y }: Point, target: keyof typeof PILL_PAINTS, imports: number): string {
  const width = pillWidth(target, imports);
  const label = text(
    { x: x + width / 2, y: y + 12.5 },
    pillText(target, imports),
    'font-size="10" fill="#ffffff" text-anchor="middle"',
  );
  return `<rect x="${x}" y="${y}" width="${width}" height="18" rx="9" fill="${PILL_PAINTS[target]}"/>${label}`;
}

function drawArrow({ imports }: AreaArrow, { points, label }: Route): string {
  const style = `fill="none" stroke="${ARROW_COLOR}" stroke-width="1.5" marker-end="url(#head)"`;
  return [
    `<path d="${roundedPath(points)}" ${style}/>`,
    text(
      { x: label.x, y: label.y + 4 },
      String(imports),
      'font-size="11" font-weight="600" fill="#1f2933" text-anchor="middle" stroke="#ffffff" stroke-width="4" paint-order="stroke"',
    ),
  ].join("");
}

const CORNER = 7;

function roundedPath(points: readonly Point[]): string {
  return points
    .map((point, index) => {
      const [before, after] = [points[index - 1], points[index + 1]];
      if (before === undefined) return `M${point.x} ${point.y}`;
      if (after === undefined) return `L${point.x} ${point.y}`;
      const [start, end] = [towards(point, before), towards(point, after)];
      return `L${start.x} ${start.y} Q${point.x} ${point.y} ${end.x} ${end.y}`;
    })
    .join(" ");
}

function towards(from: Point, to: Point): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const step = Math.min(CORNER, length / 2) / (length || 1);
  return { x: round(from.x + (to.x - from.x) * step), y: round(from.y + (to.y - from.y) * step) };
}

function drawLegend(y: number): readonly string[] {
  let x = 70;
  return Object.values(PAINTS).map(({ fill, stroke, label }) => {
    const swatch = `<rect x="${x}" y="${y - 11}" width="16" height="14" rx="3" fill="${fill}" stroke="${stroke}"/>`;
    const entry = swatch + text({ x: x + 23, y }, label, 'font-size="12" fill="#5b6773"');
    x += 60 + label.length * 6.4;
    x = round(x);
    return entry;
  });
}

function filesText(count: number): string {
  return count === 1 ? "1 file" : `${count} files`;
}

function text({ x, y }: Point, content: string, attributes: string): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${content}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
