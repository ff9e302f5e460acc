// What listens where, and what to try first.

import type { EnvironmentUrls } from "./environment.ts";

export function addressTable(urls: EnvironmentUrls, readySeconds: number): string {
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
    `  curl -s ${urls.recommender}/recommendations        # each node's proxy: current, required, target`,
    `  curl -s ${urls.proxies[0] ?? ""}/v1/instances         # the mesh instances of one node`,
    `  curl -s ${urls.extender}/metrics | grep ^berth_    # what the extender decided, and how fast`,
    "",
    "Ctrl-C ends everything and prints a summary.",
    "",
    "",
  ].join("\n");
}
