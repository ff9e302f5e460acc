// Lines over time, by uPlot, in the page's colours. What it shows stands in a table beside it: a canvas says nothing to
// those who do not see it.

import { type ComponentChild, h } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

export interface LineSeries {
  readonly label: string;
  /** A colour of the page's style, such as --mesh. */
  readonly colour: string;
  readonly values: readonly number[];
  readonly isDashed?: boolean;
}

export interface LineChartProps {
  readonly title: string;
  /** Seconds since the epoch, rising. */
  readonly seconds: readonly number[];
  readonly series: readonly LineSeries[];
  readonly text: (value: number) => string;
  /** Distances between ticks to choose from; round decimal numbers if absent. */
  readonly increments?: readonly number[];
}

const HEIGHT = 210;
const WIDTH_MIN = 240;
/** Room for "123.4 GiB". */
const AXIS_WIDTH = 76;
/** Between two times, in pixels. */
const TICK_SPACE = 76;

export function LineChart(props: LineChartProps): ComponentChild {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    let chart = drawn(element, props);
    const again = (): void => {
      chart.destroy();
      chart = drawn(element, props);
    };
    const resized = new ResizeObserver(() => chart.setSize({ width: widthOf(element), height: HEIGHT }));
    resized.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", again);
    addEventListener("themechange", again);
    return () => {
      resized.disconnect();
      scheme.removeEventListener("change", again);
      removeEventListener("themechange", again);
      chart.destroy();
    };
    // Drawn anew with every view: a few hundred points take a millisecond.
  }, [props.seconds, ...props.series.map(({ values }) => values)]);
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", null, props.title, h(Legend, { series: props.series })),
    h("div", { ref: place, "aria-hidden": "true" }),
  );
}

function Legend({ series }: Pick<LineChartProps, "series">): ComponentChild {
  return h(
    "span",
    { class: "chart-legend" },
    series.map(({ label, colour, isDashed }) =>
      h(
        "span",
        { key: label },
        h("i", { class: isDashed === true ? "dashed" : "", style: { borderColor: `var(${colour})` } }),
        label,
      ),
    ),
  );
}

function drawn(element: HTMLElement, { seconds, series, text, increments }: LineChartProps): uPlot {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const axis = {
    stroke: colour("--ink-soft"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return new uPlot(
    {
      width: widthOf(element),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_, min, max) => [Math.min(0, min), max === 0 ? 1 : max * 1.08] } },
      axes: [
        { ...axis, space: TICK_SPACE, values: (_, values) => values.map(timeText) },
        {
          ...axis,
          size: AXIS_WIDTH,
          values: (_, values) => values.map(text),
          ...(increments !== undefined && { incrs: [...increments] }),
        },
      ],
      series: [
        {},
        ...series.map(({ label, colour: name, isDashed }) => ({
          label,
          stroke: colour(name),
          width: 2,
          points: { show: false },
          ...(isDashed === true && { dash: [6, 4] }),
          ...(stepped !== undefined && { paths: stepped }),
        })),
      ],
    },
    [[...seconds], ...series.map(({ values }) => [...values])],
    element,
  );
}

// In UTC, as the other times on the screens.
function timeText(seconds: number): string {
  const time = new Date(seconds * 1000).toISOString().slice(11, 19);
  return time.endsWith(":00") ? time.slice(0, 5) : time;
}

function widthOf(element: HTMLElement): number {
  return Math.max(WIDTH_MIN, element.clientWidth);
}
