// Where each node stands on the map: zones as bands below each other, in each its nodes by name, row after row, all tiles of
// one size, the largest at which everything is seen at once. Nodes keep their places while none joins or leaves.

export interface MapPlace {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

export interface ZoneBand {
  readonly zone: string;
  readonly nodes: number;
  /** Of its title's baseline. */
  readonly titleY: number;
}

export interface MapLayout {
  /** Side of a tile, in pixels, and the space between two. */
  readonly tile: number;
  readonly gap: number;
  readonly columns: number;
  readonly zones: readonly ZoneBand[];
  /** Zone after zone, row after row. */
  readonly places: readonly MapPlace[];
  /** What all of it takes; higher than asked for if the smallest tiles do not fit. */
  readonly height: number;
}

export interface MapSize {
  readonly width: number;
  readonly height: number;
}

/** Larger ones would only be emptier; smaller ones are not told apart, and to hit one of the smallest is what zoom is for. */
const TILE_MAX = 104;
const TILE_MIN = 4;
const TITLE_HEIGHT = 24;
const BAND_GAP = 10;

export function mapLayout(
  nodes: Iterable<{ readonly name: string; readonly zone: string }>,
  size: MapSize,
): MapLayout {
  const byZone = [...Map.groupBy(nodes, ({ zone }) => zone)]
    .map(([zone, members]) => ({ zone, names: members.map(({ name }) => name).sort(byNameAndNumber) }))
    .sort((a, b) => byNameAndNumber(a.zone, b.zone));
  const counts = byZone.map(({ names }) => names.length);
  let tile = TILE_MAX;
  while (tile > TILE_MIN && heightAt(tile, counts, size.width) > size.height) tile -= 1;
  const { gap, columns, step } = gridOf(tile, size.width);
  const zones: ZoneBand[] = [];
  const places: MapPlace[] = [];
  let y = 0;
  for (const { zone, names } of byZone) {
    zones.push({ zone, nodes: names.length, titleY: y + TITLE_HEIGHT - 8 });
    y += TITLE_HEIGHT;
    for (const [index, name] of names.entries())
      places.push({ name, x: (index % columns) * step, y: y + Math.floor(index / columns) * step });
    y += Math.ceil(names.length / columns) * step + BAND_GAP;
  }
  return { tile, gap, columns, zones, places, height: y };
}

/** The place at a point of the map; undefined between tiles. */
export function placeAt(
  { places, tile }: MapLayout,
  { x, y }: { readonly x: number; readonly y: number },
): MapPlace | undefined {
  // A few thousand comparisons; a pointer moves some dozen times a second.
  return places.find((place) => x >= place.x && x < place.x + tile && y >= place.y && y < place.y + tile);
}

export type MapStep = "left" | "right" | "up" | "down";

/** Where an arrow key leads from a node; the same place at the edge, the first one if there is no such node. */
export function placeBeside(
  { places }: MapLayout,
  name: string | undefined,
  step: MapStep,
): MapPlace | undefined {
  const index = places.findIndex((place) => place.name === name);
  const here = places[index];
  if (here === undefined) return places[0];
  if (step === "left") return places[index - 1] ?? here;
  if (step === "right") return places[index + 1] ?? here;
  const isUp = step === "up";
  const rows = places.filter((place) => (isUp ? place.y < here.y : place.y > here.y)).map(({ y }) => y);
  if (rows.length === 0) return here;
  const row = isUp ? Math.max(...rows) : Math.min(...rows);
  const candidates = places.filter(({ y }) => y === row);
  return candidates.reduce((best, place) =>
    Math.abs(place.x - here.x) < Math.abs(best.x - here.x) ? place : best,
  );
}

function gridOf(
  tile: number,
  width: number,
): { readonly gap: number; readonly columns: number; readonly step: number } {
  const gap = tile >= 40 ? 6 : tile >= 20 ? 3 : tile >= 10 ? 2 : 1;
  const step = tile + gap;
  return { gap, step, columns: Math.max(1, Math.floor((width + gap) / step)) };
}

function heightAt(tile: number, counts: readonly number[], width: number): number {
  const { columns, step } = gridOf(tile, width);
  return counts.reduce((sum, count) => sum + TITLE_HEIGHT + BAND_GAP + Math.ceil(count / columns) * step, 0);
}

const collator = new Intl.Collator("en", { numeric: true });

/** node-9 before node-10. */
function byNameAndNumber(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : 1);
}
