// Bars beside their figures: one table is both the chart and what a screen reader reads. A line across a bar is its bound.

import { savedText } from "../figures.ts";
import type { Bar, BarChart } from "./report-document.ts";
import { type Markup, markup } from "./markup.ts";

export function barChart({ caption, bars, format, boundName, gapName = "above it" }: BarChart): Markup {
  const most = Math.max(
    0,
    ...bars.map(({ value, bound = 0, halfWidth = 0 }) => Math.max(value + halfWidth, bound)),
  );
  const hasBound = boundName !== undefined && bars.some(({ bound }) => bound !== undefined);
  const heads = hasBound
    ? markup`<th scope="col" class="figure"><span class="key">${boundName}</span></th><th scope="col" class="figure">${gapName}</th>`
    : undefined;
  // It scrolls where a window is narrow, and whoever has no mouse scrolls by keys.
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table class="bars"><caption>${caption}</caption>
<thead${hasBound ? undefined : { html: ' class="unseen"' }}><tr><th scope="col"><span class="unseen">name</span></th><td></td><th scope="col" class="figure"><span class="unseen">value</span></th>${heads}</tr></thead>
<tbody>${bars.map((bar) => row(bar, { most, format, hasBound }))}</tbody></table></div>`;
}

interface Scale {
  readonly most: number;
  readonly format: (value: number) => string;
  readonly hasBound: boolean;
}

function row(bar: Bar, { most, format, hasBound }: Scale): Markup {
  const { name, value, bound, halfWidth, isOurs } = bar;
  const spread = halfWidth === undefined ? "" : ` ± ${format(halfWidth)}`;
  const bounds = hasBound
    ? markup`<td class="figure">${bound === undefined ? "–" : format(bound)}</td><td class="figure">${gapText(value, bound)}</td>`
    : undefined;
  return markup`<tr${isOurs ? { html: ' class="ours"' } : undefined}><th scope="row">${name}</th><td class="track">${drawn(bar, most)}</td><td class="figure">${format(value)}${spread}</td>${bounds}</tr>\n`;
}

const WIDTH = 1000;
const HEIGHT = 18;

function drawn({ name, value, bound, halfWidth }: Bar, most: number): Markup {
  const at = (amount: number): number => (most === 0 ? 0 : Math.round((WIDTH * amount) / most));
  const line =
    bound === undefined || bound === 0
      ? undefined
      : markup`<line class="bound" x1="${at(bound)}" x2="${at(bound)}" y1="0" y2="${HEIGHT}"></line>`;
  const interval =
    halfWidth === undefined || halfWidth === 0
      ? undefined
      : markup`<path class="interval" d="M${at(Math.max(0, value - halfWidth))} ${HEIGHT / 2}H${at(value + halfWidth)}M${at(Math.max(0, value - halfWidth))} 4V${HEIGHT - 4}M${at(value + halfWidth)} 4V${HEIGHT - 4}"></path>`;
  return markup`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true" focusable="false"><title>${name}</title><rect class="bar" width="${at(value)}" height="${HEIGHT}"></rect>${interval}${line}</svg>`;
}

function gapText(value: number, bound: number | undefined): string {
  if (bound === undefined || bound === 0) return "–";
  return value === bound ? "0 %" : savedText(1 - value / bound).replace("±", "");
}
