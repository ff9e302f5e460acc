// `npm run --silent bench -- NAME [--json] [--quick]`: runs one bench. With --json the last line is one JSON object.

import { reportAndExit } from "#runtime/component.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { Bench } from "./bench.ts";

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  extender: async () => (await import("./extender.ts")).extenderBench,
  scheduler: async () => (await import("./scheduler.ts")).schedulerBench,
  proxy: async () => (await import("./proxy.ts")).proxyBench,
  learning: async () => (await import("./learning.ts")).learningBench,
  recommender: async () => (await import("./recommender.ts")).recommenderBench,
  upgrade: async () => (await import("./upgrade.ts")).upgradeBench,
  discovery: async () => (await import("./discovery.ts")).discoveryBench,
  clients: async () => (await import("./clients.ts")).clientsBench,
  identity: async () => (await import("./identity.ts")).identityBench,
  sizing: async () => (await import("./sizing.ts")).sizingBench,
  sim: async () => (await import("./sim.ts")).simBench,
  placement: async () => (await import("./placement.ts")).placementBench,
  fidelity: async () => (await import("./fidelity.ts")).fidelityBench,
  sweep: async () => (await import("./sweep.ts")).sweepBench,
  density: async () => (await import("./density.ts")).densityBench,
  crashes: async () => (await import("./crashes.ts")).crashesBench,
  kills: async () => (await import("./kills.ts")).killsBench,
  isolation: async () => (await import("./isolation.ts")).isolationBench,
  ui: async () => (await import("./ui.ts")).uiBench,
};

async function main([name, ...argv]: readonly string[]): Promise<void> {
  const names = Object.keys(BENCHES).join(", ");
  if (name === undefined) throw new UsageError(`name a bench: ${names}`);
  const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (load === undefined) throw new UsageError(`there is no bench "${name}"; there are: ${names}`);
  const bench = await load();
  const own = argv.filter((argument) => argument !== "--json" && argument !== "--quick");
  const { figures, table } = await bench.run({
    argv: own,
    isQuick: argv.includes("--quick"),
    progress: (text) => void process.stderr.write(`${text}\n`),
  });
  process.stdout.write(argv.includes("--json") ? `${JSON.stringify(figures)}\n` : `${table}\n`);
}

await main(process.argv.slice(2)).catch(reportAndExit);
