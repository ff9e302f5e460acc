// Writes learned costs into the profiles' status, for extender and recommender alike to charge. The extender's leader
// writes other fields of the same status: each write names the version it read, and is tried again if that was not the
// newest any more.

import { splitAppName } from "#model/app.ts";
import type { AppName } from "#model/brand.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import { isConflict } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { learnedStatus } from "#kube/learned-cost-schema.ts";
import { MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { isWorthLearning } from "../policy/cost-publication.ts";
import type { LearnedApp, SizingModel } from "../policy/sizing-model.ts";
import type { WriteBudget } from "./write-budget.ts";

export interface CostPublisherOptions {
  readonly connection: Pick<KubeConnection, "get" | "patch">;
  readonly ledger: ClusterLedger;
  readonly model: SizingModel;
  readonly budget: WriteBudget;
  readonly logger: Logger;
}

const ATTEMPTS_MAX = 3;

export class CostPublisher {
  readonly #options: CostPublisherOptions;
  readonly #lastMs = new Map<AppName, number>();

  constructor(options: CostPublisherOptions) {
    this.#options = options;
  }

  /** Writes what is worth it by now. */
  async publish(nowMs: number): Promise<void> {
    const { ledger, model } = this.#options;
    const writes: Promise<void>[] = [];
    for (const app of model.apps()) {
      const learned = model.learnedOf(app);
      const profile = ledger.profile(app);
      const lastMs = this.#lastMs.get(app);
      if (learned === undefined || !isWorthLearning({ profile, learned, lastMs, nowMs })) continue;
      this.#lastMs.set(app, nowMs);
      writes.push(this.#publish(app, learned, nowMs));
    }
    await Promise.all(writes);
  }

  async #publish(app: AppName, learned: LearnedApp, nowMs: number): Promise<void> {
    const { budget, logger } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await budget.run("publish", () => this.#write(app, learned, nowMs));
      } catch (error) {
        if (!(error instanceof OperationError)) throw error;
        if (isConflict(error) && attempt < ATTEMPTS_MAX) continue;
        // Learned on meanwhile, and written at the next interval.
        this.#lastMs.delete(app);
        return logger.warn({ app, error: error.message }, "learned costs not written");
      }
    }
  }

  // Read as a list of one: the right to list profiles is there anyway, and covers it.
  async #write(app: AppName, learned: LearnedApp, nowMs: number): Promise<void> {
    const { connection } = this.#options;
    const { namespace, name } = splitAppName(app);
    const query = { fieldSelector: `metadata.name=${name}` };
    const { items } = (await connection.get(resourcePath({ ...MESH_PROFILES, namespace }), query)) as {
      readonly items: readonly { readonly metadata: { readonly resourceVersion: string } }[];
    };
    const [object] = items;
    // An app without a profile object has nowhere to put its costs; the extender's leader makes one with its ports.
    if (object === undefined) return;
    await connection.patch(
      resourcePath({ ...MESH_PROFILES, namespace, name, subresource: "status" }),
      {
        metadata: { resourceVersion: object.metadata.resourceVersion },
        status: { learned: learnedStatus(learned, nowMs) },
      },
      { type: "merge" },
    );
  }
}
