// All checks, each of which may fail to look without keeping the others from it.

import { OperationError } from "#runtime/operation-error.ts";
import { bypassing } from "./checks/bypassing.ts";
import { definitions } from "./checks/definitions.ts";
import { extenderService } from "./checks/extender-service.ts";
import { leaders } from "./checks/leaders.ts";
import { meshPods } from "./checks/mesh-pods.ts";
import { metricsSource } from "./checks/metrics-source.ts";
import { proxies } from "./checks/proxies.ts";
import { rights } from "./checks/rights.ts";
import { scheduling } from "./checks/scheduling.ts";
import { version } from "./checks/version.ts";
import { webhook } from "./checks/webhook.ts";
import type { Check, ClusterReader, Finding, Level } from "./finding.ts";

/** From what everything rests on to what shows last. */
const CHECKS: readonly Check[] = [
  version,
  definitions,
  rights,
  leaders,
  extenderService,
  webhook,
  scheduling,
  proxies,
  metricsSource,
  meshPods,
  bypassing,
];

export interface Examined extends Finding {
  readonly check: string;
}

export interface Examination {
  readonly counts: Readonly<Record<Level, number>>;
  readonly findings: readonly Examined[];
}

/** One check after the other, so that an API server in trouble is not asked everything at once. */
export async function examine(reader: ClusterReader): Promise<Examination> {
  const findings: Examined[] = [];
  for (const check of CHECKS) {
    for (const finding of await looked(check, reader)) findings.push({ check: check.name, ...finding });
  }
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  return {
    counts: { fault: count("fault"), warning: count("warning"), unknown: count("unknown"), ok: count("ok") },
    findings,
  };
}

async function looked(check: Check, reader: ClusterReader): Promise<readonly Finding[]> {
  try {
    return await check.run(reader);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    const what = `could not be looked at: ${error.message}`;
    return [
      { level: "unknown", what, mend: "give whoever runs this the right that is missing, or try again" },
    ];
  }
}
