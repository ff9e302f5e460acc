// A MeshProfile as its release sees it: the version that the spec asks for, what was recorded of the nodes, and what one
// node makes of that.

import { appName } from "#model/app.ts";
import type { AppName, NodeName } from "#model/brand.ts";
import type { AppPorts } from "#model/mesh-profile.ts";
import { assignedVersion, type Release, type ReleaseVersion } from "#model/release.ts";
import type { RolloutRules } from "#model/rollout-rules.ts";
import type { Condition } from "./condition.ts";
import { parseMeshProfile } from "./mesh-profile-schema.ts";
import { decodeRelease } from "./release-schema.ts";
import { decodeRollout } from "./rollout-schema.ts";
import {
  decodeRuntimeConfig,
  parseConfigText,
  type RuntimeConfig,
  runtimeConfigText,
} from "./runtime-config-schema.ts";

/** The generation of the spec that all nodes are to take at once, since its configuration has settled before. */
export const AT_ONCE_ANNOTATION = "berth.dev/release-at-once";
/** Who is to replace its instance: a JSON object with an id, and a node where one is meant. */
export const RESTART_ANNOTATION = "berth.dev/restart";

export interface ReleasedProfile {
  readonly app: AppName;
  /** What the spec asks for. */
  readonly wanted: ReleaseVersion;
  readonly isAtOnce: boolean;
  readonly rules: RolloutRules;
  readonly release: Release | undefined;
  readonly conditions: readonly Condition[];
  readonly hasStatus: boolean;
}

/** @throws DecodeError as decodeMeshProfile does. */
export function decodeReleasedProfile(raw: unknown): ReleasedProfile {
  const { metadata, spec = {}, status } = parseMeshProfile(raw);
  const version = metadata.generation ?? 0;
  return {
    app: appName(metadata.namespace, metadata.name),
    wanted: { version, config: runtimeConfigText(spec) },
    isAtOnce: metadata.annotations?.[AT_ONCE_ANNOTATION] === String(version),
    rules: decodeRollout(spec.rollout ?? {}),
    release: status?.release === undefined ? undefined : decodeRelease(status.release),
    conditions: status?.conditions ?? [],
    hasStatus: status !== undefined,
  };
}

/** What a node's proxy does for the app. */
export interface NodeProfile extends RuntimeConfig {
  readonly app: AppName;
  readonly ports: AppPorts | undefined;
  readonly version: number;
  /** Another one than before asks the node for another instance. */
  readonly restartId?: string;
}

/**
 * The configuration that the node is to have by now.
 *
 * @throws DecodeError as decodeMeshProfile does, and for a released version that says what is not known here.
 */
export function decodeNodeProfile(raw: unknown, node: NodeName): NodeProfile {
  const { metadata, spec = {}, status } = parseMeshProfile(raw);
  const app = appName(metadata.namespace, metadata.name);
  const restartId = restartIdFor(metadata.annotations?.[RESTART_ANNOTATION], node);
  const shared = { app, ports: status?.ports, ...(restartId !== undefined && { restartId }) };
  if (status?.release === undefined)
    return { ...shared, ...decodeRuntimeConfig(spec), version: metadata.generation ?? 0 };
  const { version, config } = assignedVersion(decodeRelease(status.release), app, node);
  return { ...shared, ...parseConfigText(config), version };
}

// Whoever may write profiles may write anything here: what makes no sense asks for nothing.
function restartIdFor(text: string | undefined, node: NodeName): string | undefined {
  if (text === undefined) return undefined;
  try {
    const { id, node: only } = JSON.parse(text) as { readonly id?: unknown; readonly node?: unknown };
    const isMeant = only === undefined || only === node;
    return isMeant && typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}
