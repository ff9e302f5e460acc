// The map as something to look at and to go about in: by pointer (hover, click, drag, wheel with Ctrl) and by keyboard
// (arrows, + and −, 0, Escape). Drawn at most once a frame, and only if something changed.

import { type ComponentChild, h } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { mapLayout, type MapStep, placeAt, placeBeside } from "#web/policy/map-layout.ts";
import { drawMap, type Picture } from "./draw-map.ts";
import { useColours } from "./use-colours.ts";
import { useSize } from "./use-size.ts";
import { MAP_MARGIN, useViewport, type ViewportControl } from "./use-viewport.ts";

export interface CanvasMapProps extends Pick<
  Picture,
  "nodes" | "mode" | "resource" | "kinds" | "app" | "selected"
> {
  readonly onSelect: (name: string | undefined) => void;
  /** Says in words what stands where the keyboard or the pointer is. */
  readonly describe: (name: string) => string;
}

/** A pointer that moved less was meant as a click. */
const DRAG_PIXELS_MIN = 4;
const STEPS: Readonly<Record<string, MapStep>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

export function CanvasMap({ onSelect, describe, ...picture }: CanvasMapProps): ComponentChild {
  const { nodes, selected } = picture;
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSize(frame);
  const colour = useColours();
  const [hovered, setHovered] = useState<string>();
  // Nodes move only if some join or leave; their figures change all the time.
  const members = [...nodes.values()].map(({ name, zone }) => `${zone}/${name}`).join("\n");
  const layout = useMemo(() => {
    const [width, height] = [size.width - 2 * MAP_MARGIN, size.height - 2 * MAP_MARGIN];
    return mapLayout(nodes.values(), { width, height });
  }, [members, size.width, size.height]);
  const control = useViewport(size, layout.height);
  const { viewport, show } = control;
  const nameAt = (x: number, y: number): string | undefined =>
    placeAt(layout, control.pointAt({ x, y }))?.name;
  const drag = usePointer({ control, nameAt, setHovered, onSelect });
  useWheel(canvas, control);

  useEffect(() => {
    const request = requestAnimationFrame(() => {
      const element = canvas.current;
      if (element !== null) drawMap(element, { ...picture, layout, hovered, colour }, viewport);
    });
    return () => cancelAnimationFrame(request);
  });

  const keyDown = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step !== undefined) {
      const place = placeBeside(layout, selected, step);
      onSelect(place?.name);
      if (place !== undefined) show(place);
    } else if (event.key === "+" || event.key === "=") control.zoomIn();
    else if (event.key === "-") control.zoomOut();
    else if (event.key === "0") control.whole();
    else if (event.key === "Escape") onSelect(undefined);
    else return;
    event.preventDefault();
  };
  return h(
    "div",
    { class: "map-frame", ref: frame },
    h("canvas", {
      ref: canvas,
      tabIndex: 0,
      role: "application",
      "aria-label": `Map of ${nodes.size} nodes. Arrow keys go from node to node, plus and minus zoom, Escape lets go.`,
      width: Math.round(size.width * devicePixelRatio),
      height: Math.round(size.height * devicePixelRatio),
      onKeyDown: keyDown,
      ...drag,
    }),
    h(ZoomButtons, { control }),
    hovered === undefined || hovered === selected
      ? null
      : h("p", { class: "map-hover", "aria-hidden": "true" }, describe(hovered)),
    h("p", { class: "unseen", "aria-live": "polite" }, selected === undefined ? "" : describe(selected)),
  );
}

function ZoomButtons({ control }: { readonly control: ViewportControl }): ComponentChild {
  const { isWhole, zoomIn, zoomOut, whole } = control;
  const button = (label: string, text: string, act: () => void): ComponentChild =>
    h("button", { type: "button", class: "quiet", "aria-label": label, onClick: act }, text);
  return h(
    "div",
    { class: "map-zoom" },
    button("Zoom in", "+", () => zoomIn()),
    button("Zoom out", "−", () => zoomOut()),
    isWhole ? null : button("Show the whole map", "Whole map", whole),
  );
}

interface PointerUse {
  readonly control: ViewportControl;
  readonly nameAt: (x: number, y: number) => string | undefined;
  readonly setHovered: (name: string | undefined) => void;
  readonly onSelect: (name: string | undefined) => void;
}

interface PointerHandlers {
  readonly onPointerDown: (event: PointerEvent) => void;
  readonly onPointerMove: (event: PointerEvent) => void;
  readonly onPointerUp: (event: PointerEvent) => void;
  readonly onPointerLeave: () => void;
}

function usePointer({ control, nameAt, setHovered, onSelect }: PointerUse): PointerHandlers {
  const drag = useRef<{ x: number; y: number; moved: number } | undefined>(undefined);
  return {
    onPointerDown: ({ clientX, clientY }) => {
      drag.current = { x: clientX, y: clientY, moved: 0 };
    },
    onPointerMove: ({ clientX, clientY, offsetX, offsetY }) => {
      const held = drag.current;
      if (held === undefined) return setHovered(nameAt(offsetX, offsetY));
      const by = { x: clientX - held.x, y: clientY - held.y };
      drag.current = { x: clientX, y: clientY, moved: held.moved + Math.abs(by.x) + Math.abs(by.y) };
      control.push(by);
    },
    onPointerUp: ({ offsetX, offsetY }) => {
      if ((drag.current?.moved ?? 0) < DRAG_PIXELS_MIN) onSelect(nameAt(offsetX, offsetY));
      drag.current = undefined;
    },
    onPointerLeave: () => {
      drag.current = undefined;
      setHovered(undefined);
    },
  };
}

// Without Ctrl the wheel scrolls the page, as everywhere.
function useWheel(canvas: { readonly current: HTMLElement | null }, control: ViewportControl): void {
  useEffect(() => {
    const element = canvas.current;
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const at = { x: event.offsetX, y: event.offsetY };
      if (event.deltaY < 0) control.zoomIn(at);
      else control.zoomOut(at);
    };
    element?.addEventListener("wheel", wheel, { passive: false });
    return () => element?.removeEventListener("wheel", wheel);
  });
}
