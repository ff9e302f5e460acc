// Lines over time, drawn by uPlot where scripts run, with the figures of some of the moments in a table beside them.

import { coresText, countText, memoryText } from "../figures.ts";
import type { Line, LineChart, Unit } from "./report-document.ts";
import { dataTable } from "./data-table.ts";
import { jsonMarkup, type Markup, markup } from "./markup.ts";

/** Moments in the table: enough to follow a line, few enough to read. */
const TABLE_ROWS_MAX = 12;

export function lineChart(chart: LineChart): Markup {
  const { caption, unit, lines } = chart;
  const times = [
    ...new Set(lines.flatMap(({ points }) => points.map(({ atSeconds }) => atSeconds))),
  ].toSorted((a, b) => a - b);
  const first = times[0] ?? 0;
  const series = lines.map((line) => ({
    name: line.name,
    isOurs: line.isOurs,
    values: valuesAt(line, times),
  }));
  const data = { unit, hours: times.map((time) => hoursOf(time - first)), series };
  return markup`<figure class="lines"><figcaption>${caption}</figcaption><div class="plot" role="img" aria-label="${caption}: lines over time, with their figures in the table below"></div><script type="application/json">${jsonMarkup(data)}</script>
<details><summary>The figures of this chart</summary>${dataTable(tableOf(chart, { times, first }))}</details></figure>`;
}

function tableOf(
  { caption, unit, lines }: LineChart,
  { times, first }: { readonly times: readonly number[]; readonly first: number },
): Parameters<typeof dataTable>[0] {
  const step = Math.max(1, Math.ceil(times.length / TABLE_ROWS_MAX));
  const shown = times.filter((_, index) => index % step === 0);
  const columns = lines.map((line) => valuesAt(line, shown));
  return {
    caption,
    head: ["hours", ...lines.map(({ name }) => name)],
    rows: shown.map((time, index) => {
      const cells = columns.map((values) => ({ text: FORMATS[unit](values[index] ?? 0) }));
      return [{ text: String(hoursOf(time - first)) }].concat(cells);
    }),
  };
}

/** Each line as it stands at each of the times: between two points nothing is drawn that was not. */
function valuesAt({ points }: Line, times: readonly number[]): readonly (number | null)[] {
  let index = -1;
  return times.map((time) => {
    while ((points[index + 1]?.atSeconds ?? Infinity) <= time) index++;
    const value = points[index]?.value;
    return value === undefined ? null : Math.round(value);
  });
}

function hoursOf(seconds: number): number {
  return Math.round((seconds / 3600) * 1000) / 1000;
}

const FORMATS: Readonly<Record<Unit, (value: number) => string>> = {
  count: countText,
  bytes: memoryText,
  cores: coresText,
};
