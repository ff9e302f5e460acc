// How far a forecast has come: what is worked on, how long it has taken, how old it is, and a way to have it made anew.

import { type ComponentChild, h } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Forecast } from "#web/policy/forecast.ts";
import { countText, plural } from "#web/policy/format.ts";
import { spanText } from "#web/policy/why-size.ts";
import { hrefTo } from "../shell/router.ts";

export interface ForecastStateProps {
  readonly forecast: Forecast<unknown>;
  readonly screen: string;
  readonly params: Readonly<Record<string, string>>;
}

export function ForecastState({ forecast, screen, params }: ForecastStateProps): ComponentChild {
  const nowMs = useNow();
  const { phase, askedAtMs, endedAtMs, trouble } = forecast;
  if (phase === "failed")
    return h(
      "div",
      { class: "notice", role: "alert" },
      h("strong", null, trouble?.message ?? "It failed."),
      " ",
      h("span", null, trouble?.mend ?? ""),
      " ",
      h("a", { href: anew(screen, params, nowMs) }, "Compute again"),
    );
  if (phase === "done") {
    const seconds = ((endedAtMs ?? askedAtMs) - askedAtMs) / 1000;
    return h(
      "p",
      { class: "soft" },
      `Computed ${spanText(nowMs - (endedAtMs ?? nowMs))} ago from the cluster as it was then, in ${seconds.toFixed(1)} s. `,
      h("a", { href: anew(screen, params, nowMs) }, "Compute again"),
    );
  }
  return h(
    "div",
    { class: "progress-line", role: "status" },
    h("progress", {
      "aria-label": "Progress of the computation",
      ...(forecast.work !== null &&
        forecast.work.of > 0 && { value: forecast.work.done, max: forecast.work.of }),
    }),
    h("span", null, `${workText(forecast)} ${spanText(nowMs - askedAtMs)} so far.`),
  );
}

function workText({ phase, work, ahead }: Forecast<unknown>): string {
  if (phase === "queued") return `Waiting for ${plural(ahead, "computation")} before it.`;
  if (work === null) return "Starting.";
  const { what, done, of } = work;
  const text = `${what.charAt(0).toUpperCase()}${what.slice(1)}`;
  if (of > 0) return `${text}: ${countText(done)} of ${countText(of)}.`;
  return done > 0 ? `${text}: ${countText(done)} so far.` : `${text}.`;
}

function anew(screen: string, params: Readonly<Record<string, string>>, nowMs: number): string {
  return hrefTo(screen, { ...params, again: String(Math.round(nowMs)) });
}

const TICK_MS = 1_000;

/** The machine's time, drawn again every second. */
function useNow(): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
}
