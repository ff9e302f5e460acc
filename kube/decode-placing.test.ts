import assert from "node:assert/strict";
import { test } from "node:test";
import { NOMINATION_ANNOTATION, PLACEMENT_GATE } from "#model/placing-view.ts";
import { anApiPod } from "#test/builders/an-api-pod.ts";
import { type ApiPlacementSpec, unjudgedConstraint } from "./decode-placing.ts";
import { type ApiPod, decodePod } from "./decode-pod.ts";

const OURS = { name: PLACEMENT_GATE };
const THEIRS = { name: "example.com/quota" };

function placingOf(spec: ApiPod["spec"], metadata: ApiPod["metadata"] = {}) {
  const own = { resourceVersion: "7", creationTimestamp: "2026-01-01T00:00:00Z", ...metadata };
  return decodePod(anApiPod({ spec: { nodeName: "", ...spec } as never, metadata: own })).placing;
}

test("a gated pod's gate is found among others, with its version and the time of its creation", () => {
  const placing = placingOf({ schedulingGates: [THEIRS, OURS] });
  assert.equal(placing?.gateIndex, 1);
  assert.equal(placing.isHeldByOthers, true);
  assert.equal(placing.resourceVersion, "7");
  assert.equal(placing.createdAtMs, Date.UTC(2026, 0, 1));
  assert.equal(placingOf({ schedulingGates: [OURS] })?.isHeldByOthers, false);
});

test("pods that Berth neither holds nor nominated are none of the controller's business, nor are bound ones", () => {
  assert.equal(placingOf({}), undefined);
  assert.equal(placingOf({ schedulingGates: [THEIRS] }), undefined);
  const annotations = { [NOMINATION_ANNOTATION]: "node-1" };
  assert.equal(placingOf({ nodeName: "node-1" }, { annotations }), undefined);
});

test("a pod that Berth nominated and let go is still known by its annotation", () => {
  const placing = placingOf({}, { annotations: { [NOMINATION_ANNOTATION]: "node-1" } });
  assert.equal(placing?.chosenNode, "node-1");
  assert.equal(placing.gateIndex, undefined);
});

test("a pod's wishes are its selector, its required node affinity and its tolerations", () => {
  const nodeSelectorTerms = [{ matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }] }];
  const tolerations = [{ key: "dedicated", operator: "Exists" }];
  const placing = placingOf({
    schedulingGates: [OURS],
    nodeSelector: { disk: "ssd" },
    tolerations,
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  });
  assert.deepEqual(placing?.wishes, {
    nodeSelector: { disk: "ssd" },
    requiredTerms: nodeSelectorTerms,
    tolerations,
  });
  assert.deepEqual(placingOf({ schedulingGates: [OURS] })?.wishes, { tolerations: [] });
});

const TERMS = { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone" }] };

const cases: readonly (readonly [ApiPlacementSpec, ReturnType<typeof unjudgedConstraint>])[] = [
  [{}, undefined],
  [{ affinity: { podAffinity: TERMS } }, "podAffinity"],
  [{ affinity: { podAntiAffinity: TERMS } }, "podAntiAffinity"],
  [{ affinity: { podAntiAffinity: {} } }, undefined],
  [{ topologySpreadConstraints: [{ whenUnsatisfiable: "ScheduleAnyway" }] }, undefined],
  [{ topologySpreadConstraints: [{ whenUnsatisfiable: "DoNotSchedule" }] }, "topologySpread"],
  [{ topologySpreadConstraints: [{}] }, "topologySpread"],
  [
    {
      volumes: [
        { name: "a", emptyDir: {} },
        { name: "b", projected: {} },
      ],
    },
    undefined,
  ],
  [{ volumes: [{ name: "a", persistentVolumeClaim: { claimName: "data" } }] }, "volumes"],
  [{ volumes: [{ name: "a", somethingNew: {} }] }, "volumes"],
  [{ containers: [{ ports: [{}] }] }, undefined],
  [{ initContainers: [{ ports: [{ hostPort: 80 }] }] }, "hostPorts"],
  [{ containers: [{ resources: { requests: { cpu: "1", memory: "1Gi" } } }] }, undefined],
  [{ containers: [{ resources: { requests: { "example.com/gpu": "1" } } }] }, "otherResources"],
  [{ containers: [{ resources: { requests: { "ephemeral-storage": "1Gi" } } }] }, "otherResources"],
  [{ overhead: { "hugepages-2Mi": "2Mi" } }, "otherResources"],
  [{ resourceClaims: [{ name: "device" }] }, "resourceClaims"],
  [{ workloadRef: { name: "training" } }, "podGroup"],
  [{ schedulingGroup: { podGroupName: "training" } }, "podGroup"],
];

for (const [spec, constraint] of cases) {
  test(`${JSON.stringify(spec)} ${constraint === undefined ? "can be judged" : `is left to kube-scheduler for ${constraint}`}`, () => {
    assert.equal(unjudgedConstraint(spec), constraint);
  });
}
