// VerticalPodAutoscalers and their checkpoints as far as the suite needs them: in our words, with the names, versions and
// subresources that upstream's definitions give them. Clusters get upstream's, with upstream's VPA.

const GROUP = "autoscaling.k8s.io";
const OPEN = { type: "object", "x-kubernetes-preserve-unknown-fields": true } as const;
const TEXT = { type: "string" } as const;

export const VPA_DEFINITIONS: readonly object[] = [
  definition("VerticalPodAutoscaler", {
    subresources: { status: {} },
    spec: {
      type: "object",
      properties: {
        targetRef: { type: "object", properties: { apiVersion: TEXT, kind: TEXT, name: TEXT } },
        recommenders: {
          type: "array",
          maxItems: 1,
          items: { type: "object", required: ["name"], properties: { name: TEXT } },
        },
        resourcePolicy: OPEN,
        updatePolicy: OPEN,
      },
    },
    status: {
      type: "object",
      properties: {
        recommendation: {
          type: "object",
          properties: { containerRecommendations: { type: "array", items: containerRecommendation() } },
        },
        conditions: { type: "array", items: conditionSchema() },
      },
    },
  }),
  definition("VerticalPodAutoscalerCheckpoint", {
    subresources: {},
    spec: { type: "object", properties: { vpaObjectName: TEXT, containerName: TEXT } },
    status: {
      type: "object",
      properties: {
        version: TEXT,
        lastUpdateTime: time(),
        firstSampleStart: time(),
        lastSampleStart: time(),
        totalSamplesCount: { type: "integer" },
        cpuHistogram: histogram(),
        memoryHistogram: histogram(),
      },
    },
  }),
];

interface Version {
  readonly subresources: object;
  readonly spec: object;
  readonly status: object;
}

function definition(kind: string, { subresources, spec, status }: Version): object {
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  const openAPIV3Schema = { type: "object", properties: { spec, status } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    // The group is Kubernetes' own, and wants to see that somebody agreed to what is defined in it.
    metadata: {
      name: `${plural}.${GROUP}`,
      annotations: { "api-approved.kubernetes.io": "unapproved, for tests only" },
    },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: { kind, plural, singular, listKind: `${kind}List` },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema }, subresources }],
    },
  };
}

function containerRecommendation(): object {
  const amounts = { type: "object", additionalProperties: { "x-kubernetes-int-or-string": true } };
  return {
    type: "object",
    required: ["target"],
    properties: {
      containerName: TEXT,
      target: amounts,
      lowerBound: amounts,
      upperBound: amounts,
      uncappedTarget: amounts,
    },
  };
}

function conditionSchema(): object {
  return {
    type: "object",
    required: ["status", "type"],
    properties: { type: TEXT, status: TEXT, reason: TEXT, message: TEXT, lastTransitionTime: time() },
  };
}

function histogram(): object {
  return {
    type: "object",
    properties: { referenceTimestamp: time(), bucketWeights: OPEN, totalWeight: { type: "number" } },
  };
}

function time(): object {
  return { type: "string", format: "date-time", nullable: true };
}
