// Draws the map's tiles. All of one colour at once: changing a canvas's colour costs more than a rectangle.

import type { Resources } from "#model/resources.ts";
import type { MapNode } from "#web/policy/cluster-map.ts";
import { cpuText, memoryText, plural, roomText } from "#web/policy/format.ts";
import { type ColourChoice, mapColour, type MapMode, mapState } from "#web/policy/map-colours.ts";
import type { MapLayout, MapPlace } from "#web/policy/map-layout.ts";

export interface Picture {
  readonly layout: MapLayout;
  readonly nodes: ReadonlyMap<string, MapNode>;
  readonly mode: MapMode;
  readonly resource: keyof Resources;
  readonly kinds: readonly string[];
  /** Nodes without it are pale; empty: none is. */
  readonly app: string;
  readonly selected: string | undefined;
  readonly hovered: string | undefined;
  /** The page's colour of a name. */
  readonly colour: (name: string) => string;
}

/** What of the map is seen: where its left upper corner is, and how large a pixel of the layout. */
export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

const PALE = 0.16;
/** Tiles of this size, as seen, have words in them. */
const WORDS_FROM = 62;
const LINES_FROM = 40;

export function drawMap(canvas: HTMLCanvasElement, picture: Picture, { x, y, zoom }: Viewport): void {
  const context = canvas.getContext("2d", { alpha: true });
  if (context === null) return;
  const ratio = devicePixelRatio;
  const { layout, colour } = picture;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(ratio * zoom, 0, 0, ratio * zoom, -x * ratio * zoom, -y * ratio * zoom);
  const [top, bottom] = [y - layout.tile, y + canvas.height / ratio / zoom];
  const [left, right] = [x - layout.tile, x + canvas.width / ratio / zoom];
  const seen = layout.places.filter(
    (place) => place.y > top && place.y < bottom && place.x > left && place.x < right,
  );
  context.fillStyle = colour("ink-soft");
  context.font = `600 ${13 / Math.max(1, zoom ** 0.5)}px system-ui, sans-serif`;
  for (const { zone, nodes, titleY } of layout.zones)
    context.fillText(`${zone === "" ? "no zone" : zone}  ·  ${plural(nodes, "node")}`, 1, titleY);
  const isPale = (node: MapNode): boolean => picture.app !== "" && !node.pods.has(picture.app);
  for (const pale of [true, false]) {
    context.globalAlpha = pale ? PALE : 1;
    const tiles = seen.flatMap((place): readonly Tile[] => {
      const node = picture.nodes.get(place.name);
      return node === undefined || isPale(node) !== pale ? [] : [{ place, node }];
    });
    if (picture.mode === "room") drawRooms(context, tiles, picture);
    else drawColours(context, tiles, { ...picture, mode: picture.mode });
    drawEdges(context, tiles, picture);
    if (layout.tile * zoom >= WORDS_FROM) drawWords(context, tiles, picture);
  }
  context.globalAlpha = 1;
  drawMarks(context, picture, zoom);
}

interface Tile {
  readonly place: MapPlace;
  readonly node: MapNode;
}

type Context = CanvasRenderingContext2D;

// From below: what apps request, what the mesh takes, and room.
function drawRooms(context: Context, tiles: readonly Tile[], { layout, resource, colour }: Picture): void {
  const { tile } = layout;
  context.fillStyle = colour("room");
  for (const { place } of tiles) context.fillRect(place.x, place.y, tile, tile);
  const heights = tiles.map(({ node: { apps, mesh, allocatable } }) => {
    const whole = Math.max(allocatable[resource], apps[resource] + mesh[resource], 1);
    // On a large tile, a mesh that costs something is seen, however little it is; on a small one a line would say too much.
    const least = mesh[resource] > 0 && tile >= LINES_FROM ? 1 : 0;
    const meshHeight = Math.max(least, (mesh[resource] / whole) * tile);
    return { appsHeight: Math.min((apps[resource] / whole) * tile, tile - meshHeight), meshHeight };
  });
  context.fillStyle = colour("apps");
  for (const [index, { place }] of tiles.entries()) {
    const { appsHeight = 0 } = heights[index] ?? {};
    context.fillRect(place.x, place.y + tile - appsHeight, tile, appsHeight);
  }
  context.fillStyle = colour("mesh");
  for (const [index, { place }] of tiles.entries()) {
    const { appsHeight = 0, meshHeight = 0 } = heights[index] ?? {};
    context.fillRect(place.x, place.y + tile - appsHeight - meshHeight, tile, meshHeight);
  }
}

function drawColours(
  context: Context,
  tiles: readonly Tile[],
  picture: Picture & Pick<ColourChoice, "mode">,
): void {
  const { tile } = picture.layout;
  for (const [name, alike] of Map.groupBy(tiles, ({ node }) => mapColour(node, picture))) {
    context.fillStyle = picture.colour(name);
    for (const { place } of alike) context.fillRect(place.x, place.y, tile, tile);
  }
}

// A node that needs somebody's eye, or whose proxy is about to be resized.
function drawEdges(context: Context, tiles: readonly Tile[], { layout, colour }: Picture): void {
  const width = Math.max(1, Math.min(3, layout.tile / 8));
  const side = layout.tile - width;
  context.lineWidth = width;
  for (const state of ["warn", "bad"] as const) {
    context.strokeStyle = colour(state);
    for (const { place, node } of tiles)
      if (mapState(node) === state) context.strokeRect(place.x + width / 2, place.y + width / 2, side, side);
  }
}

function drawWords(
  context: Context,
  tiles: readonly Tile[],
  { layout, colour, resource, mode }: Picture,
): void {
  const size = Math.max(6, Math.min(13, layout.tile / 7.5));
  context.font = `${size}px system-ui, sans-serif`;
  const text = resource === "cpuMilli" ? cpuText : memoryText;
  for (const { place, node } of tiles) {
    const words = [shortened(node.name, layout.tile, size), roomText(node.free[resource], text)];
    for (const [line, word] of words.entries()) {
      const y = place.y + 4 + size * (1 + line * 1.3);
      // On any colour: the page's ground around the letters.
      context.lineWidth = 3;
      context.lineJoin = "round";
      context.strokeStyle = colour(mode === "room" ? "room" : "card");
      context.strokeText(word, place.x + 5, y);
      context.fillStyle = colour("ink");
      context.fillText(word, place.x + 5, y);
    }
  }
}

// The end of a name tells nodes apart.
function shortened(name: string, tile: number, size: number): string {
  const letters = Math.floor((tile - 10) / (size * 0.58));
  return name.length <= letters ? name : `…${name.slice(1 - letters)}`;
}

function drawMarks(context: Context, { layout, selected, hovered, colour }: Picture, zoom: number): void {
  for (const [name, width] of [
    [hovered, 2],
    [selected, 3.5],
  ] as const) {
    const place = name === undefined ? undefined : layout.places.find((one) => one.name === name);
    if (place === undefined) continue;
    const line = width / zoom;
    context.strokeStyle = colour("ink");
    context.lineWidth = line;
    context.strokeRect(place.x - line / 2, place.y - line / 2, layout.tile + line, layout.tile + line);
  }
}
