// `berth explain app`: how an app's mesh stands. Asks the API, the recommender that leads, and the proxies of its nodes.

import { connect } from "#kube/connect.ts";
import type { AppName } from "#model/brand.ts";
import { structured } from "../structured.ts";
import { wantsColour } from "../wants-colour.ts";
import { appExplanation } from "./app-explanation.ts";
import { readAppFacts } from "./app-facts.ts";
import { appText } from "./app-text.ts";
import { readExplainAppOptions } from "./explain-options.ts";

/** @throws UsageError for options that cannot work, an API server that does not answer, and an app that is none. */
export async function runExplainApp(argv: readonly string[], out: (text: string) => void): Promise<void> {
  const { app, berthNamespace, output, ...settings } = readExplainAppOptions(argv);
  const connection = await connect(settings, "berth-explain");
  try {
    const explanation = appExplanation(await readAppFacts(connection, app as AppName, berthNamespace));
    const text = { hasColour: wantsColour(), isWide: output === "wide", nowMs: Date.now() };
    out(structured(output, explanation) ?? appText(explanation, text));
  } finally {
    await connection.close();
  }
}
