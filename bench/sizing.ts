// How well proxies are sized: ours against upstream VPA (one histogram for the DaemonSet, and one per node), a fixed template
// and an oracle that sees ten minutes ahead, on use that comes from the real proxy's measured response and real load
// series; and how soon an unmodelled load is covered and given back.

import { join } from "node:path";
import { z } from "zod";
import type { AppCost } from "#model/mesh-profile.ts";
import { checkFlags, readFlags } from "#runtime/flags.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { BerthPolicy } from "#sim/sizing/berth-policy.ts";
import { loadShapes } from "./sizing/load-shapes.ts";
import { TemplatePolicy } from "#sim/sizing/plain-policies.ts";
import { readProxyCurves } from "./sizing/proxy-curves.ts";
import { ProxyResponse } from "./sizing/proxy-response.ts";
import { sizedFleet, type SizedFleet } from "./sizing/sized-fleet.ts";
import { ALLOCATABLE, playSizing } from "./sizing/sizing-run.ts";
import type { SizingScore } from "#sim/sizing/sizing-score.ts";
import { playStep } from "./sizing/step-run.ts";
import type { Variant } from "./sizing/true-use.ts";
import { VpaPolicy } from "./sizing/vpa-policies.ts";

export const sizingBench: Bench = {
  summary: "slack, shortage and resizes of sizing policies on measured use",
  run: benchSizing,
};

const flags = z.strictObject({
  traces: z
    .string()
    .default(join(import.meta.dirname, "../../shared/traces"))
    .describe("folder with the load series; seeded ones where it is not there"),
  seed: z.int().default(1).describe("of the fleet, its noise and its bursts"),
});

const WHOLE = { nodes: 40, apps: 80, days: 12, warmUpDays: 4 };
const QUICK = { nodes: 12, apps: 30, days: 4, warmUpDays: 1 };
const MIB = 1024 ** 2;
/** Apps whose owners filled in a profile; the others have the default, which knows nothing of this proxy. */
const PROFILED_SHARE = 0.67;
/** How far a profile is from the truth. */
const PROFILE_DEVIATION = 0.3;

async function benchSizing({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const { traces, seed } = checkFlags(flags, readFlags(flags, argv));
  const { warmUpDays, ...size } = isQuick ? QUICK : WHOLE;
  const curves = readProxyCurves();
  const response = new ProxyResponse(curves);
  const shapes = loadShapes(traces, seed);
  const fleet = sizedFleet({ ...size, seed });
  const base = {
    cpuMilli: Math.ceil(response.base.cpuMilli),
    memoryBytes: Math.ceil(response.base.memoryBytes),
  };
  const profiles = guessedProfiles(fleet, response, seed);
  const play = (variant: Variant): Table => {
    const scores = playSizing({
      fleet,
      shapes,
      response,
      variant,
      seed: seed + 1,
      warmUpDays,
      progress: (text) => progress(`${variant}: ${text}`),
      policies: (template) => [
        new BerthPolicy({ proxyBase: base, allocatable: ALLOCATABLE, profiles }),
        VpaPolicy.wholeDaemonSet(fleet.nodes, template),
        VpaPolicy.perNode(fleet.nodes, template),
        new TemplatePolicy(template),
      ],
    });
    return withRegret(scores);
  };
  const policies = play("measured");
  const misspecified = play("misspecified");
  progress("step");
  const step = playStep(isQuick);
  return {
    figures: {
      policies,
      misspecified: { policies: misspecified },
      step,
      load: shapes.source,
      curves: curves.measured,
      ...size,
      warmUpDays,
      seed,
      isQuick,
    },
    table: [rows("use as measured", policies), rows("misspecified", misspecified), JSON.stringify(step)].join(
      "\n\n",
    ),
  };
}

// What an owner may know: roughly what an instance and a thousand requests a second cost, and the planned rate.
function guessedProfiles(
  fleet: SizedFleet,
  response: ProxyResponse,
  seed: number,
): ReadonlyMap<string, AppCost> {
  const random = new SeededRandom(seed);
  const guess = (value: number): number => value * Math.exp(PROFILE_DEVIATION * random.normal());
  const idle = response.of({ perSecond: 0, connections: 16, bodyBytes: 1024 });
  const entries = fleet.apps.flatMap(
    ({ name, podRate, connectionsPerPod, bodyBytes, dearness }): [string, AppCost][] => {
      if (random.next() >= PROFILED_SHARE) return [];
      const busy = response.of({ perSecond: 1000, connections: 128, bodyBytes });
      return [
        [
          name,
          {
            base: { cpuMilli: guess(20), memoryBytes: guess(idle.memoryBytes) },
            perPod: { cpuMilli: guess(2), memoryBytes: guess(0.5 * MIB) },
            perConnection: { cpuMilli: 0, memoryBytes: guess(16 * 1024) },
            perKiloRps: { cpuMilli: guess(busy.cpuMilli * dearness * 2), memoryBytes: guess(10 * MIB) },
            connectionsPerPod,
            kiloRpsPerPod: guess(podRate) / 1000,
          },
        ],
      ];
    },
  );
  return new Map(entries);
}

type Table = Readonly<Record<string, SizingScore & { readonly regret: number }>>;

function withRegret(scores: ReadonlyMap<string, SizingScore>): Table {
  const least = scores.get("oracle")?.cost ?? Number.NaN;
  return Object.fromEntries(
    [...scores].map(([name, score]) => [name, { ...score, regret: score.cost / least - 1 }]),
  );
}

function rows(title: string, table: Table): string {
  const percent = (share: number): string => `${(share * 100).toFixed(2)} %`.padStart(9);
  const lines = Object.entries(table).map(([name, score]) =>
    [
      `  ${name.padEnd(12)}`,
      percent(score.cpuSlack),
      percent(score.memorySlack),
      percent(score.underMinutesShare),
      percent(score.oomNodeDaysShare),
      score.resizesPerNodeDay.toFixed(2).padStart(8),
      String(score.flaps).padStart(6),
      percent(score.regret),
    ].join(" "),
  );
  const head = "  policy        CPU slack  mem slack   under-min  OOM days  resizes  flaps    regret";
  return [title, head, ...lines].join("\n");
}
