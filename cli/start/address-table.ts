// What listens where, and what to try first.

import type { EnvironmentUrls } from "./environment.ts";

export function addressTable(
  urls: EnvironmentUrls,
  { readySeconds, speed }: { readonly readySeconds: number; readonly speed: number | "max" },
): string {
  const rows: readonly (readonly [string, string, string])[] = [
    ...(urls.ui === undefined ? [] : [["UI", urls.ui, "the fleet in a browser: open this first"] as const]),
    ["API", urls.api, "loopback Kubernetes API of the simulated fleet"],
    ["extender", urls.verbs, "filter, prioritize, injection webhook"],
    ["", urls.extender, "its health and metrics"],
    ["recommender", urls.recommender, "health, metrics, recommendations"],
    ...urls.proxies.map(
      (url, index) => [index === 0 ? "proxies" : "", url, "control and metrics of a real proxy"] as const,
    ),
  ];
  const width = Math.max(...rows.map(([, url]) => url.length));
  return [
    `Berth is ready after ${readySeconds.toFixed(1)} s.`,
    "",
    ...rows.map(([name, url, what]) => `  ${name.padEnd(12)} ${url.padEnd(width)}  ${what}`),
    "",
    "Try next, in another terminal:",
    "",
    ...aligned([
      ["status", "the fleet in a few lines"],
      ["top apps --watch", "what each app takes, again and again"],
      ["explain app shop/cart", "its instances, costs, shares and what was refused"],
      ["explain pod shop/cart-0", "why it is where it is"],
      ["explain node node-0002", "why its proxy has its size"],
    ]).map(([command, what]) => `  npm run -s berth -- ${command} --api-server ${urls.api}  # ${what}`),
    `  curl -s ${urls.extender}/metrics | grep ^berth_  # what Prometheus would scrape, of each of the parts`,
    "",
    `A trace of pods is played now${paceText(speed)}; Ctrl-C ends everything and prints a summary.`,
    "",
    "",
  ].join("\n");
}

function paceText(speed: number | "max"): string {
  if (speed === "max") return ", as fast as every part keeps up";
  return speed === 1 ? "" : `, ${speed} of its seconds in one`;
}

function aligned(rows: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] {
  const width = Math.max(...rows.map(([command]) => command.length));
  return rows.map(([command, what]) => [command.padEnd(width), what]);
}
