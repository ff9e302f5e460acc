// The way each arrow takes through the picture: straight down where it can, else through the gutters between columns,
// and below the boxes to other columns. No two arrows share a lane.

import type { AreaArrow } from "./area-arrows.ts";
import type { Box, Layout } from "./picture-layout.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Route {
  readonly points: readonly Point[];
  /** Where the number of imports stands. */
  readonly label: Point;
}

const LANE_STEP = 11;
const LANE_FIRST = 15;
const BUS_STEP = 10;
const BUS_FIRST = 26;
const ENTRY_STEP = 34;

/** A new router for one picture; it remembers which lanes are taken. */
export function createRouter({ boxes, busY }: Layout): (arrow: AreaArrow) => Route {
  const taken = new Map<string, number>();
  const nextIn = (lanes: string): number => {
    const lane = taken.get(lanes) ?? 0;
    taken.set(lanes, lane + 1);
    return lane;
  };
  return (arrow) => {
    const [from, to] = [boxes.get(arrow.from), boxes.get(arrow.to)];
    if (from === undefined || to === undefined) throw new Error(`no box for ${arrow.from} → ${arrow.to}`);
    if (from.column === undefined) return fromBar(from, to, nextIn);
    if (from.column === to.column) {
      return to.row === from.row + 1 ? straightDown(from, to) : alongTheRight(from, to, nextIn);
    }
    return from.area.startsWith("web/") && !to.area.startsWith("web/")
      ? intoTheSide(from, to, nextIn)
      : belowTheBoxes(from, to, { busY, nextIn });
  };
}

type NextLane = (lanes: string) => number;

function fromBar(from: Box, to: Box, nextIn: NextLane): Route {
  const bottom = from.y + from.height;
  if (to.row === 0 || to.column === undefined) {
    const x = to.x + to.width / 2;
    return {
      points: [
        { x, y: bottom },
        { x, y: to.y },
      ],
      label: { x: x + 14, y: (bottom + to.y) / 2 },
    };
  }
  const x = to.x - LANE_FIRST - LANE_STEP * nextIn(`left of column ${to.column}`);
  const y = to.y + to.height / 2 - 12;
  return {
    points: [
      { x, y: bottom },
      { x, y },
      { x: to.x, y },
    ],
    label: { x: x - 10, y: y - 10 },
  };
}

function straightDown(from: Box, to: Box): Route {
  const x = from.x + from.width / 2;
  const top = from.y + from.height;
  return {
    points: [
      { x, y: top },
      { x, y: to.y },
    ],
    label: { x: x + 14, y: (top + to.y) / 2 },
  };
}

function alongTheRight(from: Box, to: Box, nextIn: NextLane): Route {
  const lane = nextIn(`right of column ${from.column}`);
  const right = from.x + from.width;
  const x = right + LANE_FIRST + LANE_STEP * lane;
  const [start, end] = [from.y + from.height / 2 + 8 * lane, to.y + to.height / 2 - 12 + 8 * lane];
  return {
    points: [
      { x: right, y: start },
      { x, y: start },
      { x, y: end },
      { x: right, y: end },
    ],
    label: { x: x + 10, y: (from.y + from.height + to.y) / 2 },
  };
}

// Out of the last column: down from the box, then left into the other's side.
function intoTheSide(from: Box, to: Box, nextIn: NextLane): Route {
  const x = from.x + 30 + ENTRY_STEP * nextIn(`below ${from.area}`);
  const side = to.x + to.width;
  const y = to.y + to.height / 2 + 14;
  const labelX = side + (from.row === to.row ? 46 : 80);
  return {
    points: [
      { x, y: from.y + from.height },
      { x, y },
      { x: side, y },
    ],
    label: { x: labelX, y: y - 9 },
  };
}

interface Bus {
  readonly busY: number;
  readonly nextIn: NextLane;
}

// Down, along the bus below all boxes, and up into the other box from below.
function belowTheBoxes(from: Box, to: Box, { busY, nextIn }: Bus): Route {
  const lane = nextIn("bus");
  const y = busY + BUS_FIRST + BUS_STEP * (lane % 6);
  const entryX = to.x + to.width - 24 - ENTRY_STEP * nextIn(`below ${to.area}`);
  const exit = isLowest(from, busY)
    ? [{ x: from.x + 24 + 16 * nextIn(`under ${from.area}`), y: from.y + from.height }]
    : leftExit(from, nextIn);
  const last = exit.at(-1) ?? { x: from.x, y: from.y };
  return {
    points: [...exit, { x: last.x, y }, { x: entryX, y }, { x: entryX, y: to.y + to.height }],
    label: { x: entryX + 12, y: to.y + to.height + 15 },
  };
}

function isLowest(box: Box, busY: number): boolean {
  return box.y + box.height === busY;
}

function leftExit(from: Box, nextIn: NextLane): readonly Point[] {
  const x = from.x - LANE_FIRST - LANE_STEP * nextIn(`left of column ${from.column}`);
  const y = from.y + from.height / 2 + 14;
  return [
    { x: from.x, y },
    { x, y },
  ];
}
