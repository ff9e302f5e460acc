// What an app's pods ask of nodes and of each other, drawn by chance: each kind that the model knows is there, none so
// often that it hides the others.

import type { SeededRandom } from "#sim/seeded-random.ts";
import { APP_LABEL } from "#model/app.ts";
import { DEDICATED, DISKS, IMAGES, RACK_LABEL, SOFT_TAINT, ZONES } from "./slice-nodes.ts";

export interface AppWishes {
  /** Fields of the pod's spec. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly image: string;
  /** How the app's demand is spread over containers. */
  readonly containers: "one" | "oneWithoutRequests" | "twoOneWithoutRequests";
  readonly hostPort: number | undefined;
  /** Devices that each pod takes. */
  readonly devices: number;
}

export interface WishOptions {
  readonly random: SeededRandom;
  readonly maxPerNode: number | undefined;
  /** An app that may be wished for. */
  readonly earlier: string | undefined;
}

const ZONE = "topology.kubernetes.io/zone";
const HOST = "kubernetes.io/hostname";
const FIRST_HOST_PORT = 8_000;
const HOST_PORTS = 40;

export function wishesOf(app: string, { random, maxPerNode, earlier }: WishOptions): AppWishes {
  const happens = (share: number): boolean => random.next() < share;
  const oneOf = <T>(items: readonly T[]): T => items[random.integer(items.length)] as T;
  const labelSelector = { matchLabels: { [APP_LABEL]: app } };
  const other = { matchLabels: { [APP_LABEL]: earlier ?? app } };
  const spec: Record<string, unknown> = {};

  const tolerations: object[] = [];
  if (happens(0.12)) tolerations.push({ key: DEDICATED, operator: "Exists" });
  if (happens(0.1)) tolerations.push({ ...SOFT_TAINT, operator: "Equal" });
  if (tolerations.length > 0) spec["tolerations"] = tolerations;
  if (happens(0.07)) spec["nodeSelector"] = { disk: oneOf(DISKS) };

  const required: object[] = [];
  if (happens(0.05)) required.push({ key: ZONE, operator: "In", values: [oneOf(ZONES), oneOf(ZONES)] });
  if (happens(0.03)) required.push({ key: RACK_LABEL, operator: "Gt", values: ["3"] });
  if (happens(0.02)) required.push({ key: "disk", operator: "DoesNotExist" });
  const preferred = happens(0.12)
    ? [
        { weight: 1 + random.integer(100), preference: match("disk", "In", [oneOf(DISKS)]) },
        { weight: 1 + random.integer(100), preference: match(ZONE, "NotIn", [oneOf(ZONES)]) },
      ]
    : [];
  const affinity = {
    nodeAffinity: {
      ...(required.length > 0 && {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: required }],
        },
      }),
      preferredDuringSchedulingIgnoredDuringExecution: preferred,
    },
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: happens(0.03)
        ? [{ topologyKey: ZONE, labelSelector }]
        : [],
      preferredDuringSchedulingIgnoredDuringExecution: happens(0.06)
        ? [{ weight: 1 + random.integer(100), podAffinityTerm: { topologyKey: ZONE, labelSelector: other } }]
        : [],
    },
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution:
        maxPerNode === 1 && happens(0.5) ? [{ topologyKey: HOST, labelSelector }] : [],
      preferredDuringSchedulingIgnoredDuringExecution: happens(0.06)
        ? [
            {
              weight: 1 + random.integer(100),
              podAffinityTerm: { topologyKey: oneOf([HOST, RACK_LABEL]), labelSelector: other },
            },
          ]
        : [],
    },
  };
  spec["affinity"] = affinity;
  const spread = spreadOf(random, labelSelector);
  if (spread.length > 0) spec["topologySpreadConstraints"] = spread;
  return {
    spec,
    image: oneOf(IMAGES).name,
    containers: happens(0.05) ? "oneWithoutRequests" : happens(0.06) ? "twoOneWithoutRequests" : "one",
    devices: happens(0.04) ? 1 + random.integer(3) : 0,
    hostPort: happens(0.04) ? FIRST_HOST_PORT + random.integer(HOST_PORTS) : undefined,
  };
}

function match(key: string, operator: string, values: readonly string[]): object {
  return { matchExpressions: [{ key, operator, values }] };
}

function spreadOf(random: SeededRandom, labelSelector: object): readonly object[] {
  const draw = random.next();
  const constraint = (topologyKey: string, whenUnsatisfiable: string): object => ({
    maxSkew: 1 + random.integer(3),
    topologyKey,
    whenUnsatisfiable,
    labelSelector,
  });
  if (draw < 0.04) return [constraint(ZONE, "DoNotSchedule")];
  if (draw < 0.06) return [{ ...constraint(HOST, "DoNotSchedule"), nodeTaintsPolicy: "Honor" }];
  if (draw < 0.1) return [constraint(ZONE, "ScheduleAnyway"), constraint(HOST, "ScheduleAnyway")];
  if (draw < 0.12) return [constraint(ZONE, "DoNotSchedule"), constraint(RACK_LABEL, "ScheduleAnyway")];
  return [];
}
