import assert from "node:assert/strict";
import { test } from "node:test";
import { baseObject, type Manifest, objectsIn } from "./manifest-files.ts";
import { containerOf, extenderSettings, recommenderSettings, type Workload } from "./workload.ts";

interface NetworkPolicy extends Manifest {
  readonly spec: {
    readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly policyTypes: readonly string[];
    readonly ingress?: readonly {
      readonly ports: readonly { readonly port: number }[];
      readonly from?: readonly object[];
    }[];
  };
}

const policies = objectsIn("components/network-policy/network-policies.yaml") as readonly NetworkPolicy[];
const extender = baseObject<Workload>("Deployment", "berth-scheduler-extender");
const recommender = baseObject<Workload>("Deployment", "berth-vpa-recommender");

function policiesOf({ spec }: Workload): readonly NetworkPolicy[] {
  const labels = spec.template.metadata.labels;
  return policies.filter((policy) =>
    Object.entries(policy.spec.podSelector.matchLabels).every(([name, value]) => labels[name] === value),
  );
}

/** port → who may come, "all" for everybody. */
function openTo(workload: Workload): Readonly<Record<string, unknown>> {
  const rules = policiesOf(workload).flatMap(({ spec }) => spec.ingress ?? []);
  return Object.fromEntries(
    rules.flatMap(({ ports, from }) => ports.map(({ port }) => [port, from ?? "all"] as const)),
  );
}

const MONITORING = [{ namespaceSelector: { matchLabels: { "berth.dev/monitoring": "enabled" } } }];

test("of the extender the verbs are open to all, health and metrics to monitoring namespaces, and nothing else", () => {
  const { port, operationsPort } = extenderSettings(containerOf(extender));
  assert.deepEqual(openTo(extender), { [port]: "all", [operationsPort]: MONITORING });
});

test("of the recommender its metrics are open to monitoring namespaces, and nothing else", () => {
  const { operationsPort } = recommenderSettings(containerOf(recommender));
  assert.deepEqual(openTo(recommender), { [operationsPort]: MONITORING });
});

test("every pod of Berth's is closed but for that; who they call is left open", () => {
  const [deny] = policies;
  assert.deepEqual(deny?.spec, {
    podSelector: { matchLabels: { "app.kubernetes.io/part-of": "berth" } },
    policyTypes: ["Ingress"],
  });
  for (const workload of [extender, recommender]) assert.equal(policiesOf(workload).length, 2);
  for (const { metadata, spec } of policies) {
    assert.equal(metadata.namespace, extender.metadata.namespace);
    assert.deepEqual(spec.policyTypes, ["Ingress"]);
  }
});
