// spec.identity of a MeshProfile: who may call the app.

import { z } from "zod";
import { allowedCaller, CALLER_PATTERN, type CallerRules } from "#model/callers.ts";
import { withRules } from "./schema-rules.ts";

/** Every node that hosts the app holds the list. */
const CALLERS_MAX = 512;
/** Namespace and label value, with the slash between. */
const CALLER_LENGTH_MAX = 127;

const fields = z.strictObject({
  allowedCallers: z
    .array(
      z.string().max(CALLER_LENGTH_MAX).regex(new RegExp(CALLER_PATTERN)).describe("One app, or several."),
    )
    .max(CALLERS_MAX)
    .optional()
    .describe(
      "Apps that may call this one, each as namespace/name, namespace/* or */*; nobody else may. Absent: every app; an empty list: none.",
    ),
  callersWithoutIdentity: z
    .enum(["Allow", "Refuse"])
    .optional()
    .describe(
      "Whether requests of callers that show no identity are answered: those of pods outside the mesh, or of proxies without identities. Default: Allow, and Refuse where allowedCallers are given.",
    ),
});
type IdentitySpec = z.infer<typeof fields>;

export const identitySchema = withRules(fields, [
  {
    field: "callersWithoutIdentity",
    message:
      "callersWithoutIdentity cannot be Allow beside allowedCallers: whoever shows nothing is not on the list",
    rule: "!has(self.allowedCallers) || !has(self.callersWithoutIdentity) || self.callersWithoutIdentity == 'Refuse'",
    holds: ({ allowedCallers, callersWithoutIdentity }) =>
      allowedCallers === undefined || callersWithoutIdentity !== "Allow",
  },
]);

export function decodeCallers({ allowedCallers, callersWithoutIdentity }: IdentitySpec): CallerRules {
  const isRefusing = callersWithoutIdentity === "Refuse" || allowedCallers !== undefined;
  const withoutIdentity = isRefusing ? "refuse" : "allow";
  if (allowedCallers === undefined) return { withoutIdentity };
  return { allowed: allowedCallers.flatMap((text) => allowedCaller(text) ?? []), withoutIdentity };
}
