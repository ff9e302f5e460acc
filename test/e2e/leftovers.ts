// What of Berth is in a cluster: every object of every kind that can be listed, by its name, labels and annotations.

import type { TestCluster } from "./test-cluster.ts";

interface ListedObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

const BERTH = /\bberth\b/i;
/** Said of what happened, for an hour; they hold nothing. */
const PASSING: ReadonlySet<string> = new Set(["events", "events.events.k8s.io"]);

/** `Kind namespace/name` of each, and how many kinds were looked through. */
export async function berthObjects(
  cluster: TestCluster,
): Promise<{ readonly names: readonly string[]; readonly kinds: number }> {
  const listed = await cluster.kubectl("api-resources", "--verbs=list", "--output=name");
  const kinds = listed.split("\n").filter((name) => name !== "" && !PASSING.has(name));
  const output = await cluster.kubectl("get", kinds.join(","), "--all-namespaces", "--output=json");
  const { items } = JSON.parse(output) as { readonly items: readonly ListedObject[] };
  const names = items.filter(isOfBerth).map(({ kind, metadata }) => {
    return `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
  });
  return { names, kinds: kinds.length };
}

function isOfBerth({
  metadata: { name, namespace = "", labels = {}, annotations = {} },
}: ListedObject): boolean {
  const words = [name, namespace, ...Object.entries(labels).flat(), ...Object.keys(annotations)];
  return words.some((word) => BERTH.test(word));
}
