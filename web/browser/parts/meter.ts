// A share of a whole as a bar, for what is read by its length; the figure stands beside it.

import { type ComponentChild, h } from "preact";

export interface MeterProps {
  readonly label: string;
  /** From 0 to 1. */
  readonly ratio: number;
  /** A mark on the way, such as from where on something counts. */
  readonly mark?: number;
  readonly colour?: string;
}

export function Meter({ label, ratio, mark, colour = "accent" }: MeterProps): ComponentChild {
  const percent = Math.round(Math.min(1, Math.max(0, ratio)) * 100);
  return h(
    "svg",
    {
      class: "meter",
      viewBox: "0 0 100 8",
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": `${label}: ${percent} %`,
    },
    h("rect", { width: 100, height: 8, rx: 2, fill: "var(--room)" }),
    h("rect", { width: percent, height: 8, rx: 2, fill: `var(--${colour})` }),
    mark === undefined ? null : h("rect", { x: mark * 100 - 0.3, width: 0.6, height: 8, fill: "var(--ink)" }),
  );
}
