// What part of the map is seen: zoomed about a point, pushed by a pointer, moved to what the keyboard chose, never beyond
// the map's edges.

import { useState } from "preact/hooks";
import type { MapSize } from "#web/policy/map-layout.ts";
import type { Viewport } from "./draw-map.ts";

interface Point {
  readonly x: number;
  readonly y: number;
}

export interface ViewportControl {
  readonly viewport: Viewport;
  readonly isWhole: boolean;
  /** @param at stays where it is; in pixels of the frame, its middle if absent. */
  zoomIn(at?: Point): void;
  zoomOut(at?: Point): void;
  whole(): void;
  /** By pixels of the frame. */
  push(by: Point): void;
  /** Moves as far as it takes to see a place of the map. */
  show(place: Point): void;
  /** What of the map is at a pixel of the frame. */
  pointAt(pixel: Point): Point;
}

const ZOOM_MAX = 12;
const ZOOM_STEP = 1.35;
/** Around the whole map, in pixels. */
export const MAP_MARGIN = 12;
/** Around what the keyboard chose. */
const SHOWN_MARGIN = 40;
const WHOLE: Viewport = { x: -MAP_MARGIN, y: -MAP_MARGIN, zoom: 1 };

/** @param size of the frame. @param mapHeight of what there is to see, at no zoom. */
export function useViewport(size: MapSize, mapHeight: number): ViewportControl {
  const [viewport, setViewport] = useState(WHOLE);
  const middle = { x: size.width / 2, y: size.height / 2 };

  const bounded = ({ x, y, zoom }: Viewport): Viewport => ({
    zoom,
    x: within(x, size.width - size.width / zoom),
    y: within(y, Math.max(mapHeight + 2 * MAP_MARGIN, size.height) - size.height / zoom),
  });
  const zoomBy = (factor: number, at: Point): void =>
    setViewport(({ x, y, zoom }) => {
      const next = Math.min(ZOOM_MAX, Math.max(1, zoom * factor));
      return bounded({ zoom: next, x: x + at.x / zoom - at.x / next, y: y + at.y / zoom - at.y / next });
    });
  return {
    viewport,
    isWhole: viewport.zoom === 1 && viewport.y === WHOLE.y,
    zoomIn: (at = middle) => zoomBy(ZOOM_STEP, at),
    zoomOut: (at = middle) => zoomBy(1 / ZOOM_STEP, at),
    whole: () => setViewport(WHOLE),
    push: (by) => setViewport(({ x, y, zoom }) => bounded({ zoom, x: x - by.x / zoom, y: y - by.y / zoom })),
    show: (place) =>
      setViewport(({ x, y, zoom }) =>
        bounded({
          zoom,
          x: near(x, place.x, size.width / zoom),
          y: near(y, place.y, size.height / zoom),
        }),
      ),
    pointAt: ({ x, y }) => ({ x: viewport.x + x / viewport.zoom, y: viewport.y + y / viewport.zoom }),
  };
}

function within(value: number, max: number): number {
  return Math.min(Math.max(-MAP_MARGIN, value), Math.max(-MAP_MARGIN, max - MAP_MARGIN));
}

function near(from: number, at: number, length: number): number {
  return Math.min(Math.max(from, at + 2 * SHOWN_MARGIN - length), at - SHOWN_MARGIN);
}
