// The alerts as Prometheus reads them, and as promtool tests them.

import type { Alert, Series } from "./alert.ts";
import { runbookUrl } from "./runbooks.ts";

/** A rule file's content, which is also the `spec` of a PrometheusRule. */
export function ruleGroups(alerts: readonly Alert[]): object {
  const rules = alerts.map(({ name, severity, expr, lasting, summary, description, runbook }) => ({
    alert: name,
    expr,
    for: lasting,
    labels: { severity },
    annotations: { summary, description, runbook_url: runbookUrl(runbook) },
  }));
  return { groups: [{ name: "berth", rules }] };
}

/** When each alert's series have lasted long enough, in minutes. */
const EVALUATED_AT = "50m";

/** promtool's unit tests: each alert fires with the one series and not with the other. */
export function ruleTests(alerts: readonly Alert[], ruleFile: string): object {
  const tests = alerts.flatMap(({ name, fires, staysQuiet }) => [
    ruleTest(name, fires, [{ labels: "{}", value: 1 }]),
    ruleTest(name, staysQuiet, []),
  ]);
  return { rule_files: [ruleFile], evaluation_interval: "1m", tests };
}

// How many alerts of the name fire, whatever labels they have.
function ruleTest(name: string, series: Series, expected: readonly object[]): object {
  return {
    name: `${name} ${expected.length === 0 ? "stays quiet" : "fires"}`,
    interval: "1m",
    input_series: Object.entries(series).map(([of, values]) => ({ series: of, values })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${name}",alertstate="firing"})`,
        eval_time: EVALUATED_AT,
        exp_samples: expected,
      },
    ],
  };
}
