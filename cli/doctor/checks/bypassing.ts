// Whether apps' clients go past the node's proxy: nothing is captured, so that one which does not ask its environment is
// outside the mesh without a word. Proxies count such connections where they were told to.

import { DAEMON_SETS, PODS, resourcePath } from "#kube/resource-path.ts";
import { PROXY_LABEL } from "#model/app.ts";
import type { Scrape } from "../../start/scrape.ts";
import { scrapeProxies } from "../../proxy-scrapes.ts";
import { type Check, type ClusterReader, type Finding, isReady, ok, someOf, warning } from "../finding.ts";

const METRIC = "berth_proxy_bypassing_connections_total";
const FLAG = "--count-bypassing";

export const bypassing: Check = {
  name: "clients",
  async run(reader) {
    const pods = await reader.list(resourcePath(PODS), { labelSelector: PROXY_LABEL });
    const proxies = pods
      .filter(isReady)
      .map(({ metadata: { name, namespace = "default" } }) => ({ namespace, name }));
    const asked = { getText: (path: string): Promise<string> => reader.text(path) };
    const { scrapes, refusal } = await scrapeProxies(asked, proxies);
    const counted = byApp([...scrapes.values()]);
    const findings = [...counted].flatMap(([app, counts]) => judged(app, counts));
    const of = `${scrapes.size} of ${proxies.length} proxies asked`;
    if (findings.length > 0) return told(findings, of);
    if (!(await isCounting(reader)) && counted.size === 0)
      return [ok(`connections past the proxies are not counted (${FLAG}; docs/guides/clients.md)`)];
    if (scrapes.size === 0 && proxies.length > 0)
      return [{ level: "unknown", what: `no proxy could be asked what goes past it: ${refusal}` }];
    return [ok(`none was seen to go past its proxy to a Service of the mesh, ${of}`)];
  },
};

interface Bypassing {
  readonly app: string;
  readonly toServices: number;
  readonly toOthers: number;
}

function byApp(scrapes: readonly Scrape[]): ReadonlyMap<string, Omit<Bypassing, "app">> {
  const counted = new Map<string, Omit<Bypassing, "app">>();
  const add = (destination: "service" | "other", scrape: Scrape): void => {
    for (const [app, count] of Object.entries(scrape.sumBy(METRIC, "app", { destination }))) {
      const { toServices, toOthers } = counted.get(app) ?? { toServices: 0, toOthers: 0 };
      const isService = destination === "service";
      counted.set(app, {
        toServices: toServices + (isService ? count : 0),
        toOthers: toOthers + (isService ? 0 : count),
      });
    }
  };
  for (const scrape of scrapes) {
    add("service", scrape);
    add("other", scrape);
  }
  return counted;
}

// What goes elsewhere may be a database, and is no fault.
function judged(app: string, { toServices, toOthers }: Omit<Bypassing, "app">): readonly Bypassing[] {
  return toServices === 0 ? [] : [{ app, toServices, toOthers }];
}

function told(findings: readonly Bypassing[], of: string): readonly Finding[] {
  const worst = findings.toSorted((a, b) => b.toServices - a.toServices);
  const names = worst.map(
    ({ app, toServices, toOthers }) =>
      `${app} (${toServices}${toOthers === 0 ? "" : `, and ${toOthers} to others`})`,
  );
  return [
    warning(
      `pods of ${findings.length} apps opened connections past their proxies to Services that these reach by node: ${someOf(names)}; ${of}`,
      "have those clients ask their environment for the proxy: docs/guides/clients.md says how for Node, Python, Go and Java; what is not HTTP goes by tcpPorts of the called app's MeshProfile",
    ),
  ];
}

async function isCounting(reader: ClusterReader): Promise<boolean> {
  const daemonSets = await reader.list(resourcePath(DAEMON_SETS));
  return daemonSets.some(({ spec }) => JSON.stringify(spec ?? {}).includes(`"${FLAG}"`));
}
