// `berth status`: how the mesh stands, in one look.

import { connect } from "#kube/connect.ts";
import { programName } from "../program-name.ts";
import { reportAndExit } from "#runtime/component.ts";
import { checkFlags, describeFlags, readFlags } from "#runtime/flags.ts";
import { structured } from "../structured.ts";
import { fleetTotals } from "#web/policy/fleet-figures.ts";
import { statusOptions } from "./fleet-options.ts";
import { totalsText } from "./fleet-text.ts";
import { readLiveUsage } from "./live-usage.ts";
import { readFleet } from "./read-fleet.ts";
import { shown } from "./watching.ts";

export const statusCommand = {
  summary: "say how the mesh stands: nodes, pods, instances, what proxies have, need and use",
  async run(argv: readonly string[]): Promise<void> {
    try {
      await runStatus(argv, (text) => void process.stdout.write(text));
    } catch (error) {
      reportAndExit(error);
    }
  },
};

/** @throws UsageError for options that cannot work, and for an API server that does not answer. */
export async function runStatus(argv: readonly string[], out: (text: string) => void): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h"))
    return out(
      `${statusCommand.summary}\n\nUsage: ${programName()} status [options]\n\n${describeFlags(statusOptions)}\n`,
    );
  const options = checkFlags(statusOptions, readFlags(statusOptions, argv));
  const { berthNamespace, output } = options;
  const connection = await connect(options, "berth-status");
  try {
    const text = async (): Promise<string> => {
      const fleet = await readFleet(connection);
      const live = await readLiveUsage(connection, fleet, { berthNamespace, byInstance: false });
      const totals = fleetTotals(fleet, live);
      const note = live.missing === undefined ? "" : `\n${live.missing}\n`;
      return structured(output, { ...totals, missing: live.missing ?? null }) ?? totalsText(totals) + note;
    };
    await shown(options, text, out);
  } finally {
    await connection.close();
  }
}
