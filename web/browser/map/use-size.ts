// How large an element is, in whole pixels, as it changes.

import { useEffect, useState } from "preact/hooks";
import type { MapSize } from "#web/policy/map-layout.ts";

/** Before the element is there. */
const FIRST: MapSize = { width: 800, height: 480 };

export function useSize(element: { readonly current: HTMLElement | null }): MapSize {
  const [size, setSize] = useState(FIRST);
  useEffect(() => {
    if (element.current === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      const { width, height } = entry.contentRect;
      setSize({ width: Math.floor(width), height: Math.floor(height) });
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return size;
}
