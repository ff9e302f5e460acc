// Keeps what kube-scheduler and the extender said to each other about one pod, with the part of the cluster that it
// could use: as fixtures for the fast tests, or to see that those still show what kube-scheduler sends.

import assert from "node:assert/strict";
import { NODES, PODS, REPLICA_SETS, resourcePath } from "#kube/resource-path.ts";
import { APP_LABEL } from "#model/app.ts";
import {
  readRecordedCalls,
  type RecordedStep,
  shapeOf,
  writeRecordedCalls,
} from "#test/fixtures/recorded-calls.ts";
import type { TestCluster } from "./test-cluster.ts";
import { kubernetesVersion } from "./tool-binaries.ts";

const VERBS = new Set(["filter", "prioritize", "preempt"]);

export class CallRecording {
  readonly #cluster: () => TestCluster;
  readonly #pool: readonly [key: string, value: string];
  readonly #steps: RecordedStep[] = [];

  constructor(cluster: () => TestCluster, pool: readonly [key: string, value: string]) {
    this.#cluster = cluster;
    this.#pool = pool;
  }

  /** Call before the app's pod exists; call what is returned when the pod is bound, with the last verb to keep. */
  async begin(name: string, app: string): Promise<(lastVerb: string) => void> {
    const state = await this.#poolState();
    return (lastVerb) => {
      const calls = this.#cluster()
        .recorder.exchanges()
        .filter(({ verb, request }) => VERBS.has(verb) && appOf(request) === app)
        .map(({ verb, request, reply }) => ({ verb, request, reply }));
      const end = calls.findIndex(({ verb }) => verb === lastVerb);
      assert.ok(end >= 0, `kube-scheduler called ${lastVerb} for ${app}`);
      this.#steps.push({ name, cluster: state, calls: calls.slice(0, end + 1) });
    };
  }

  /** Writes the fixtures if that was asked for; else holds the present calls to them. */
  settle(): void {
    const present = { kubernetes: kubernetesVersion(), steps: this.#steps };
    if (process.env["BERTH_E2E_RECORD"] === "1") return writeRecordedCalls(present);
    const recorded = readRecordedCalls();
    const shapes = (steps: readonly RecordedStep[] = []): unknown =>
      steps.map(({ name, calls }) => ({
        name,
        calls: calls.map(({ verb, request, reply }) => ({
          verb,
          request: shapeOf(named(request)),
          reply: shapeOf(named(reply)),
        })),
      }));
    assert.deepEqual(
      shapes(present.steps),
      shapes(recorded?.steps),
      "kube-scheduler's calls are not those of test/fixtures: npm run e2e -- --record, then read the difference",
    );
  }

  // Only what the pool's pods can touch: the rest would be megabytes.
  async #poolState(): Promise<RecordedStep["cluster"]> {
    const list = async (path: string, query = {}): Promise<readonly ApiObject[]> =>
      ((await this.#cluster().connection.get(path, query)) as { items: readonly ApiObject[] }).items;
    const nodes = await list(resourcePath(NODES), { labelSelector: this.#pool.join("=") });
    const names = new Set(nodes.map(({ metadata }) => metadata.name));
    const pods = (await list(resourcePath(PODS))).filter(({ spec }) => names.has(spec?.nodeName ?? ""));
    const owners = new Set(
      pods.flatMap(({ metadata }) => metadata.ownerReferences ?? []).map(({ uid }) => uid),
    );
    const replicaSets = (await list(resourcePath(REPLICA_SETS))).filter(({ metadata }) =>
      owners.has(metadata.uid),
    );
    return {
      nodes: nodes.map(withoutHistory),
      pods: pods.map(withoutHistory),
      replicaSets: replicaSets.map(withoutHistory),
      profiles: [],
    };
  }
}

interface ApiObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly managedFields?: unknown;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
  readonly spec?: { readonly nodeName?: string };
}

function withoutHistory(object: ApiObject): object {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function appOf(request: unknown): string | undefined {
  const { Pod } = request as { Pod?: { metadata?: { labels?: Readonly<Record<string, string>> } } };
  return Pod?.metadata?.labels?.[APP_LABEL];
}

// Maps from node to something are keyed by names that differ from run to run: one entry shows them all.
function named(message: unknown): unknown {
  if (typeof message !== "object" || message === null || Array.isArray(message)) return message;
  return Object.fromEntries(
    Object.entries(message).map(([key, value]: [string, unknown]) => [
      key,
      key.startsWith("NodeNameTo") || key.startsWith("Failed") ? Object.values(value ?? {}) : value,
    ]),
  );
}
