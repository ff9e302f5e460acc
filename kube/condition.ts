// metav1.Condition: what a controller says of an object, with the generation of the spec that it says it of. One list
// per object, one entry per type, several writers.

import { z } from "zod";

export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  /** The spec's generation that was looked at. */
  readonly observedGeneration?: number | undefined;
  /** When the status became what it is; RFC 3339. */
  readonly lastTransitionTime: string;
  /** One word for programs. */
  readonly reason: string;
  /** A sentence for people. */
  readonly message: string;
}

/** Far more writers than there are; an object must not grow without end. */
const CONDITIONS_MAX = 16;

// The limits are those of upstream's markers on metav1.Condition. Unknown keys are left out, not refused: a later
// version's conditions are read as well.
const conditionSchema: z.ZodType<Condition> = z
  .object({
    type: z
      .string()
      .max(316)
      .regex(
        /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/,
      )
      .describe("What the condition is about, such as PortsAllocated."),
    status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
    observedGeneration: z
      .int()
      .min(0)
      .optional()
      .describe("The metadata.generation that was looked at; the condition is out of date if it is lower."),
    lastTransitionTime: z
      .string()
      .refine(isDateTime, { error: "must be a time like 2030-01-31T12:00:00Z" })
      .meta({ format: "date-time" })
      .describe("When the status last changed."),
    reason: z
      .string()
      .min(1)
      .max(1_024)
      .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
      .describe("Why, in one word for programs."),
    message: z.string().max(32_768).describe("Why, in a sentence for people; may be empty."),
  })
  .describe("As metav1.Condition.");

export const conditionsSchema: z.ZodType<readonly Condition[]> = z
  .array(conditionSchema)
  .max(CONDITIONS_MAX)
  .superRefine((conditions, context) => {
    const types = conditions.map(({ type }) => type);
    for (const [index, type] of types.entries()) {
      if (types.indexOf(type) === index) continue;
      context.addIssue({ code: "custom", path: [index], message: `a second condition of type ${type}` });
    }
  })
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] });

/**
 * The list with one condition set, and the others as they are; undefined if that changes nothing, or if others have
 * filled the list. The time of the last transition is kept while the status is the same.
 */
export function withCondition(
  conditions: readonly Condition[],
  condition: Omit<Condition, "lastTransitionTime">,
  nowMs: number,
): readonly Condition[] | undefined {
  const present = conditions.find(({ type }) => type === condition.type);
  if (present === undefined && conditions.length >= CONDITIONS_MAX) return undefined;
  if (present !== undefined && saySame(present, condition)) return undefined;
  const lastTransitionTime =
    present?.status === condition.status ? present.lastTransitionTime : timeText(nowMs);
  const next = { ...condition, lastTransitionTime };
  return present === undefined
    ? [...conditions, next]
    : conditions.map((other) => (other === present ? next : other));
}

function saySame(
  a: Omit<Condition, "lastTransitionTime">,
  b: Omit<Condition, "lastTransitionTime">,
): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  );
}

/** Whole seconds, as metav1.Time is written. */
function timeText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

function isDateTime(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))
  );
}
