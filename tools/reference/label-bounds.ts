// How many values each label of a metric may have. All of them are closed sets that the code names, but for `app`, whose
// values a proxy caps. A test holds what can be counted against these.

import { APP_SERIES_MAX } from "#proxy/policy/app-series.ts";

export interface LabelBound {
  readonly valuesMax: number;
  readonly values: string;
}

export const LABEL_BOUNDS: Readonly<Record<string, LabelBound>> = {
  app: {
    valuesMax: APP_SERIES_MAX + 1,
    values: "namespace/name of the first apps on the node; all others together are `other`",
  },
  class: { valuesMax: 5, values: "of a status: 1xx to 5xx" },
  destination: { valuesMax: 2, values: "service, other" },
  direction: { valuesMax: 2, values: "inbound, outbound; of a resize: grow, shrink" },
  fault: { valuesMax: 8, values: "named in the metric's meaning" },
  guess: { valuesMax: 3, values: "right, wrong, none" },
  kind: { valuesMax: 3, values: "named in the metric's meaning" },
  outcome: { valuesMax: 16, values: "named in the metric's meaning, or in docs/reference/reasons.md" },
  phase: { valuesMax: 4, values: "of a release" },
  reason: { valuesMax: 64, values: "one of docs/reference/reasons.md, or named in the metric's meaning" },
  resource: { valuesMax: 2, values: "cpu, bandwidth" },
  route: { valuesMax: 8, values: "byNode, or why not" },
  source: { valuesMax: 8, values: "proxies, containers" },
  state: { valuesMax: 8, values: "of an instance, or of an endpoint" },
  status: { valuesMax: 8, values: "of HTTP, those named in the metric's meaning" },
  verb: { valuesMax: 4, values: "filter, prioritize, preempt, admit" },
  verdict: { valuesMax: 16, values: "named in the metric's meaning" },
};
