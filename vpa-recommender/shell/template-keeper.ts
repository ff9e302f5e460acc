// Sizes a DaemonSet by its template where the API server has no pods/resize. Each change is a rollout: rare, and said in
// the autoscaler's status and as an Event.

import { KubeApiError } from "#kube/api-error.ts";
import type { Condition } from "#kube/condition.ts";
import type { KubeConnection } from "#kube/connection.ts";
import type { EventRecorder } from "#kube/events.ts";
import { type StoredAutoscaler, TEMPLATE_SIZED } from "#kube/node-proxy-autoscaler-schema.ts";
import { DAEMON_SETS, resourcePath } from "#kube/resource-path.ts";
import { formatCpu, formatMemory } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { nodesShort, planTemplate, type TemplateOptions } from "../policy/template-size.ts";
import { type TargetDaemonSet, TEMPLATE_CHANGED_ANNOTATION } from "./target-daemon-set.ts";
import type { WriteBudget } from "./write-budget.ts";
import { recommenderEvent } from "./recommender-events.ts";

export interface TemplateKeeperOptions {
  readonly connection: Pick<KubeConnection, "patch">;
  readonly budget: Pick<WriteBudget, "run">;
  readonly events: Pick<EventRecorder, "record">;
  readonly sizes: TemplateOptions;
}

export type TemplateCondition = Pick<Condition, "type" | "status" | "reason" | "message">;

export class TemplateKeeper {
  readonly #options: TemplateKeeperOptions;

  constructor(options: TemplateKeeperOptions) {
    this.#options = options;
  }

  /** Sets the template if it is time to, and answers how that stands. */
  async follow(
    autoscaler: StoredAutoscaler,
    target: TargetDaemonSet,
    { targets, nowMs }: { readonly targets: readonly Resources[]; readonly nowMs: number },
  ): Promise<TemplateCondition> {
    const { sizes } = this.#options;
    if (autoscaler.updateMode === "Off") return condition("False", "UpdateModeOff", "nothing is changed");
    const { requests: current, templateChangedMs: changedMs } = target;
    const plan = planTemplate({ targets, current, changedMs }, sizes, nowMs);
    const percent = Math.round(100 * sizes.percentile);
    const wanted = `${sizeText(plan.size)}, which ${percent} % of ${targets.length} nodes do with`;
    if (plan.kind === "hold") {
      const short = nodesShort(targets, current);
      return plan.reason === "tooSoon"
        ? condition("False", "TooSoon", `it is to become ${wanted}; ${short} nodes call for more than it has`)
        : condition("True", "RightSize", `${sizeText(current)}; ${short} nodes call for more`);
    }
    try {
      await this.#write(autoscaler, target, { size: plan.size, nowMs });
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const isForbidden = error instanceof KubeApiError && error.status === 403;
      return isForbidden
        ? condition("False", "Forbidden", `${error.message}; components/template-sizing lets the recommender`)
        : condition("False", "Failed", error.message);
    }
    this.#tell(autoscaler, target, `template set to ${wanted}; every pod is restarted`);
    return condition("True", "Changed", wanted);
  }

  async #write(
    { namespace, target: name }: StoredAutoscaler,
    { containerName, requests, limits }: TargetDaemonSet,
    { size, nowMs }: { readonly size: Resources; readonly nowMs: number },
  ): Promise<void> {
    const { connection, budget } = this.#options;
    const moved = {
      // Limits that exist keep their distance, as with a resize.
      ...(limits.cpuMilli !== undefined && {
        cpu: formatCpu(limits.cpuMilli + size.cpuMilli - requests.cpuMilli),
      }),
      ...(limits.memoryBytes !== undefined && {
        memory: formatMemory(limits.memoryBytes + size.memoryBytes - requests.memoryBytes),
      }),
    };
    const resources = {
      requests: { cpu: formatCpu(size.cpuMilli), memory: formatMemory(size.memoryBytes) },
      ...(Object.keys(moved).length > 0 && { limits: moved }),
    };
    const body = {
      metadata: { annotations: { [TEMPLATE_CHANGED_ANNOTATION]: new Date(nowMs).toISOString() } },
      spec: { template: { spec: { containers: [{ name: containerName, resources }] } } },
    };
    const path = resourcePath({ ...DAEMON_SETS, namespace, name });
    await budget.run("publish", () => connection.patch(path, body, { type: "strategic" }));
  }

  #tell({ namespace, target: name }: StoredAutoscaler, { uid }: TargetDaemonSet, message: string): void {
    const subject = { apiVersion: "apps/v1", kind: "DaemonSet", namespace, name, uid };
    this.#options.events.record(recommenderEvent("TemplateSized", { subject, message }));
  }
}

const WHY = "the API server has no pods/resize, so all pods have the template's size";

function condition(status: "True" | "False", reason: string, message: string): TemplateCondition {
  return { type: TEMPLATE_SIZED, status, reason, message: `${WHY}: ${message}` };
}

function sizeText({ cpuMilli, memoryBytes }: Resources): string {
  return `${formatCpu(cpuMilli)} CPU and ${formatMemory(memoryBytes)}`;
}
