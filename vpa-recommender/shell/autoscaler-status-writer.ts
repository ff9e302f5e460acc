// Writes how things stand into the autoscalers' status, where it changed, and no more often than it is asked to.

import type { KubeConnection } from "#kube/connection.ts";
import { type Condition, withCondition } from "#kube/condition.ts";
import {
  type NodeProxyAutoscalerStatus,
  SIZES_SUFFICE,
  type StoredAutoscaler,
  TARGET_FOUND,
  TEMPLATE_SIZED,
} from "#kube/node-proxy-autoscaler-schema.ts";
import { NODE_PROXY_AUTOSCALERS, resourcePath } from "#kube/resource-path.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { type AutoscalerTotals, autoscalerTotals, type SizedPod } from "../policy/autoscaler-status.ts";
import type { TemplateCondition } from "./template-keeper.ts";
import type { WriteBudget } from "./write-budget.ts";

export interface AutoscalerStatusWriterOptions {
  readonly connection: Pick<KubeConnection, "patch">;
  readonly budget: WriteBudget;
  readonly logger: Logger;
}

export class AutoscalerStatusWriter {
  readonly #options: AutoscalerStatusWriterOptions;

  constructor(options: AutoscalerStatusWriterOptions) {
    this.#options = options;
  }

  /** @param found whether the DaemonSet is there; undefined if that is not known. */
  async write(
    autoscaler: StoredAutoscaler,
    {
      found,
      pods,
      template,
      nowMs,
    }: {
      readonly found: boolean;
      readonly pods: Iterable<SizedPod>;
      /** Undefined where pods are resized in place. */
      readonly template: TemplateCondition | undefined;
      readonly nowMs: number;
    },
  ): Promise<void> {
    const { connection, budget, logger } = this.#options;
    const { namespace, name, status } = autoscaler;
    const totals = autoscalerTotals(pods);
    const conditions = conditionsOf(autoscaler, { found, totals, template, nowMs });
    if (conditions === undefined && !hasChanged(status, totals)) return;
    const path = resourcePath({ ...NODE_PROXY_AUTOSCALERS, namespace, name, subresource: "status" });
    const body = { status: { ...totals, ...(conditions !== undefined && { conditions }) } };
    try {
      await budget.run("publish", () => connection.patch(path, body, { type: "merge" }));
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      // Written again at the next interval.
      logger.warn({ autoscaler: `${namespace}/${name}`, error: error.message }, "status not written");
    }
  }
}

interface Standing {
  readonly found: boolean;
  readonly totals: AutoscalerTotals;
  readonly template: TemplateCondition | undefined;
  readonly nowMs: number;
}

function conditionsOf(
  { status, generation, target }: StoredAutoscaler,
  { found, totals, template, nowMs }: Standing,
): NodeProxyAutoscalerStatus["conditions"] {
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const present = status.conditions ?? [];
  const targetFound = {
    type: TARGET_FOUND,
    ...(found
      ? { status: "True" as const, reason: "Found", message: "" }
      : { status: "False" as const, reason: "NotFound", message: `there is no DaemonSet ${target}` }),
    ...observed,
  };
  const suffices = {
    type: SIZES_SUFFICE,
    ...(totals.short === 0
      ? { status: "True" as const, reason: "NoneShort", message: "" }
      : {
          status: "False" as const,
          reason: "PodsShort",
          message: "pods have less than their nodes call for",
        }),
    ...observed,
  };
  // Once pods are resized again, what was said of the template is no longer true.
  const without: readonly Condition[] = present.filter(
    ({ type }) => template !== undefined || type !== TEMPLATE_SIZED,
  );
  const wanted = [targetFound, suffices, ...(template === undefined ? [] : [{ ...template, ...observed }])];
  let next = without;
  for (const one of wanted) next = withCondition(next, one, nowMs) ?? next;
  return next === without && without.length === present.length ? undefined : [...next];
}

function hasChanged(status: NodeProxyAutoscalerStatus, totals: AutoscalerTotals): boolean {
  return (Object.keys(totals) as (keyof AutoscalerTotals)[]).some(
    (key) => JSON.stringify(status[key]) !== JSON.stringify(totals[key]),
  );
}
