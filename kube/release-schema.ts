// status.release of a MeshProfile: which version of its configuration each node is to have. Written by the recommender's
// leader, read by every proxy.

import { z } from "zod";
import type { NodeName } from "#model/brand.ts";
import {
  PREVIOUS_MAX,
  REACH_MAX,
  type Release,
  RELEASE_PHASES,
  type ReleaseVersion,
} from "#model/release.ts";
import type { Quota } from "#model/mesh-profile.ts";
import { DecodeError } from "./decode-pod.ts";
import {
  configText,
  parseConfigText,
  type RuntimeConfigSpec,
  runtimeConfigText,
} from "./runtime-config-schema.ts";
import { COUNT_MAX } from "./schema-rules.ts";

/** The condition that says how an app's release stands; written by the recommender's leader. */
export const RELEASED = "Released";

/** One that settled, one that is rolled out, and those that nodes were slow to leave. */
const VERSIONS_IN_USE_MAX = 16;
/** metav1.Condition's own. */
const REASON_LENGTH_MAX = 1_024;
const MESSAGE_LENGTH_MAX = 32_768;
const NODE_NAME_LENGTH_MAX = 253;

const nodes = z.int().nonnegative().max(COUNT_MAX);
const version = z
  .object({
    version: z
      .int()
      .nonnegative()
      .max(Number.MAX_SAFE_INTEGER)
      .describe("The metadata.generation that brought it."),
    // As it was when it was released, whatever a later version's schema says.
    config: z
      .looseObject({})
      .meta({ "x-kubernetes-preserve-unknown-fields": true })
      .describe("The part of the spec that instances act upon."),
  })
  .describe("One configuration.");

export const releaseSchema = z.object({
  phase: z.enum(RELEASE_PHASES).describe("How it stands."),
  settled: version.describe("What nodes have whose turn has not come: the last version that proved good."),
  target: version.optional().describe("What is rolled out; or, once halted, what was taken back."),
  firstNode: z
    .string()
    .max(NODE_NAME_LENGTH_MAX)
    .optional()
    .describe("The node that tries the target alone."),
  firstNodesTried: nodes.optional().describe("Nodes that were the first so far."),
  reach: z
    .int()
    .nonnegative()
    .max(REACH_MAX)
    .describe("Nodes have the target whose place in the order, by the hash of their names, is below this."),
  previous: z
    .array(version)
    .max(PREVIOUS_MAX)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Settled before, the newest first, for `berth rollback`."),
  reason: z.string().max(REASON_LENGTH_MAX).describe("Why, in one word for programs."),
  message: z.string().max(MESSAGE_LENGTH_MAX).describe("Why, in a sentence for people."),
  nodes: z
    .object({
      total: nodes.describe("That host the app."),
      updated: nodes.describe("Whose turn has come."),
      proven: nodes.describe("Of those, the ones that were found good."),
    })
    .describe("Nodes in this release."),
  inUse: z
    .array(
      z
        .object({
          version: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER).describe("The version."),
          nodes: nodes.describe("Nodes that said they have it."),
        })
        .describe("One version."),
    )
    .max(VERSIONS_IN_USE_MAX)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe(
      "Versions in use, by what nodes said at the last step: all that have the target, and 32 others at least. Absent before the first change.",
    ),
});

export type ReleaseStatus = z.infer<typeof releaseSchema>;

/** What there is to do for a release; undefined for nothing until the spec changes. */
export function dueRelease(
  spec: RuntimeConfigSpec,
  status: ReleaseStatus | undefined,
): "unrecorded" | "changed" | undefined {
  if (status === undefined) return "unrecorded";
  const { phase, settled, target, inUse = [] } = status;
  // Nodes that have not come back to it yet are waited for, so that the record says so when they have.
  const isEverywhere = inUse.every(({ version }) => version === settled.version);
  const recorded = target === undefined ? settled : target;
  const isAsked = configText(recorded.config) === runtimeConfigText(spec);
  const isStill = target === undefined || phase === "Halted";
  return isStill && isAsked && isEverywhere ? undefined : "changed";
}

/**
 * Of the versions that nodes may have, each limit at its highest: for those who bound apps from above and not by node.
 * A version that says what is not known here limits nothing here; proxies that do not understand it refuse it.
 */
export function loosestQuota({ settled, target = settled }: ReleaseStatus): Quota {
  const [one, other] = [settled, target].map(({ config }) => knownQuota(configText(config)));
  if (one === undefined || other === undefined) return {};
  const both = (Object.keys(one) as (keyof Quota)[]).filter((key) => other[key] !== undefined);
  return Object.fromEntries(both.map((key) => [key, Math.max(one[key] ?? 0, other[key] ?? 0)]));
}

function knownQuota(text: string): Quota | undefined {
  try {
    return parseConfigText(text).quota;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

export function decodeRelease(status: ReleaseStatus): Release {
  const { settled, target, firstNode, firstNodesTried = 0, previous = [], inUse = [], ...rest } = status;
  return {
    ...rest,
    settled: decodeVersion(settled),
    ...(target !== undefined && { target: decodeVersion(target) }),
    ...(firstNode !== undefined && { firstNode: firstNode as NodeName }),
    firstNodesTried,
    previous: previous.map(decodeVersion),
    inUse,
  };
}

/** What `decodeRelease` reads back, to be put in the place of what stands there: merged into it, old keys would stay. */
export function releaseStatus(release: Release): object {
  const { settled, target, previous, inUse, ...rest } = release;
  return {
    ...rest,
    settled: encodeVersion(settled),
    ...(target !== undefined && { target: encodeVersion(target) }),
    previous: previous.map(encodeVersion),
    inUse: inUse.slice(-VERSIONS_IN_USE_MAX),
  };
}

function decodeVersion({ version, config }: z.infer<typeof releaseSchema>["settled"]): ReleaseVersion {
  return { version, config: configText(config) };
}

function encodeVersion({ version, config }: ReleaseVersion): object {
  return { version, config: JSON.parse(config) as object };
}
