// spec.observation of a MeshProfile: the access log and the traces of an app's requests.

import { z } from "zod";
import type { Observation } from "#model/mesh-profile.ts";
import { defined } from "./schema-rules.ts";

const ratio = z.number().min(0).max(1);

export const observationSchema = z.strictObject({
  accessLog: z
    .strictObject({
      sampleRatio: ratio.describe(
        "Share of requests with a line, from 0 to 1; those that fail, and those of sampled traces, have one up to a hundred and two hundred a second.",
      ),
    })
    .optional()
    .describe("A line of JSON per request in the proxy's log; default: none."),
  traces: z
    .strictObject({
      sampleRatio: ratio.describe(
        "Of the traces that the proxy starts, the share that is marked as sampled.",
      ),
    })
    .optional()
    .describe(
      "W3C Trace Context: a valid traceparent goes on as it came, instead of any other a trace is started; default: headers go on unread.",
    ),
});

export function decodeObservation({ accessLog, traces }: z.infer<typeof observationSchema>): Observation {
  return defined({ accessLogRatio: accessLog?.sampleRatio, traces });
}
