// Where each area stands in the picture: one column for a component with its layers below each other, the composition
// root above them all, and what everyone builds on as bars below.

import { type Area, COMPONENTS } from "./import-law.ts";

export interface Box {
  readonly area: Area;
  readonly title: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Index of its column, or undefined for a bar across all columns. */
  readonly column: number | undefined;
  readonly row: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: ReadonlyMap<Area, Box>;
  /** Where the arrows between columns run. */
  readonly busY: number;
}

export const FOUNDATIONS = ["kube", "runtime", "model"] as const satisfies readonly Area[];

const MARGIN = 36;
const TITLE_HEIGHT = 74;
const LEGEND_HEIGHT = 52;
const COLUMN_WIDTH = 228;
const GUTTER = 68;
const BOX_HEIGHT = 78;
const BAR_HEIGHT = 44;
const ROW_STEP = 122;
const BAR_STEP = 58;
// Room below the last row of boxes for the arrows between columns.
const BUS_HEIGHT = 84;

const COLUMNS: readonly (readonly (Area | undefined)[])[] = [
  ...COMPONENTS.map((name) => [`${name}/main`, `${name}/shell`, `${name}/policy`] as const),
  ["sim/driver", "sim/loopback", "sim"],
  ["web/browser", "web/shell", "web/policy"],
];

/** Places the areas that exist; columns without any are left out. */
export function layOut(areas: ReadonlySet<Area>): Layout {
  const columns = COLUMNS.filter((column) => column.some((area) => area !== undefined && areas.has(area)));
  const width = 2 * MARGIN + columns.length * (COLUMN_WIDTH + GUTTER);
  const firstRowY = TITLE_HEIGHT + (areas.has("cli") ? BAR_HEIGHT + ROW_STEP - BOX_HEIGHT : 0);
  const rowY = (row: number): number => firstRowY + row * ROW_STEP;
  const bar = { x: MARGIN, width: width - 2 * MARGIN, height: BAR_HEIGHT, column: undefined };
  const boxes: Box[] = [{ area: "cli", title: "cli", y: TITLE_HEIGHT, row: -1, ...bar }];
  for (const [column, areasOfColumn] of columns.entries()) {
    const x = MARGIN + GUTTER / 2 + column * (COLUMN_WIDTH + GUTTER);
    for (const [row, area] of areasOfColumn.entries()) {
      if (area === undefined) continue;
      boxes.push({
        area,
        title: area,
        x,
        y: rowY(row),
        width: COLUMN_WIDTH,
        height: BOX_HEIGHT,
        column,
        row,
      });
    }
  }
  const busY = rowY(2) + BOX_HEIGHT;
  for (const [index, area] of FOUNDATIONS.entries()) {
    boxes.push({ area, title: area, y: busY + BUS_HEIGHT + index * BAR_STEP, row: 3 + index, ...bar });
  }
  return {
    width,
    height: busY + BUS_HEIGHT + FOUNDATIONS.length * BAR_STEP + LEGEND_HEIGHT,
    boxes: new Map(boxes.filter(({ area }) => areas.has(area)).map((box) => [box.area, box])),
    busY,
  };
}
