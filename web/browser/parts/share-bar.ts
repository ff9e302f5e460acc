// What something is made of, as one bar with its parts side by side; the figures stand beside it as text.

import { type ComponentChild, h } from "preact";

export interface Share {
  readonly name: string;
  /** Of the page's style, such as "apps". */
  readonly colour: string;
  readonly amount: number;
  readonly text: string;
}

/** @param shares that together make `whole`, or less; what is missing stays empty. */
export function ShareBar({
  label,
  shares,
  whole,
}: {
  readonly label: string;
  readonly shares: readonly Share[];
  readonly whole: number;
}): ComponentChild {
  const sum = shares.reduce((total, { amount }) => total + Math.max(0, amount), 0);
  const full = Math.max(whole, sum, 1);
  return h(
    "div",
    { class: "share" },
    h(
      "svg",
      {
        class: "share-bar",
        viewBox: "0 0 100 10",
        preserveAspectRatio: "none",
        role: "img",
        "aria-label": `${label}: ${shares.map(({ name, text }) => `${name} ${text}`).join(", ")}`,
      },
      shares.map(({ name, colour, amount }, index) => {
        const before = shares.slice(0, index).reduce((total, share) => total + Math.max(0, share.amount), 0);
        const width = (Math.max(0, amount) / full) * 100;
        return h("rect", {
          key: name,
          x: (before / full) * 100,
          y: 0,
          width,
          height: 10,
          fill: `var(--${colour})`,
        });
      }),
    ),
    h(
      "dl",
      { class: "share-figures" },
      shares.map(({ name, colour, text }) =>
        h("div", { key: name }, h("dt", null, h(Swatch, { colour }), name), h("dd", null, text)),
      ),
    ),
  );
}

export function Swatch({ colour }: { readonly colour: string }): ComponentChild {
  return h(
    "svg",
    { class: "swatch", viewBox: "0 0 10 10", "aria-hidden": "true" },
    h("rect", { width: 10, height: 10, rx: 2, fill: `var(--${colour})` }),
  );
}
