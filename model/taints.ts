// Taints and tolerations: pkg/scheduler/framework/plugins/tainttoleration, staging/src/k8s.io/api/core/v1/toleration.go.
// Comparing tolerations (Lt, Gt) are alpha and off in 1.37, so that they tolerate nothing here either.

type TaintEffect = "NoSchedule" | "PreferNoSchedule" | "NoExecute";

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: TaintEffect;
}

export interface Toleration {
  /** Absent or empty: any key, which only operator Exists allows. */
  readonly key?: string;
  /** Equal by default. */
  readonly operator?: string;
  readonly value?: string;
  /** Absent or empty: any effect. */
  readonly effect?: string;
}

/** True if no NoSchedule or NoExecute taint keeps a pod with these tolerations off. */
export function toleratesTaints(taints: readonly Taint[], tolerations: readonly Toleration[]): boolean {
  for (const taint of taints) {
    if (taint.effect !== "PreferNoSchedule" && !isTolerated(taint, tolerations)) return false;
  }
  return true;
}

/** How many PreferNoSchedule taints the pod does not tolerate; fewer is better. */
export function untoleratedPreferences(taints: readonly Taint[], tolerations: readonly Toleration[]): number {
  let count = 0;
  for (const taint of taints) {
    if (taint.effect === "PreferNoSchedule" && !isTolerated(taint, tolerations)) count++;
  }
  return count;
}

const UNSCHEDULABLE_TAINT: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

/** True if a pod with these tolerations may go to a cordoned node (plugins/nodeunschedulable). */
export function toleratesUnschedulable(tolerations: readonly Toleration[]): boolean {
  return isTolerated(UNSCHEDULABLE_TAINT, tolerations);
}

function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint));
}

function tolerates({ key = "", operator = "", value = "", effect = "" }: Toleration, taint: Taint): boolean {
  if (effect !== "" && effect !== taint.effect) return false;
  if (key !== "" && key !== taint.key) return false;
  if (operator === "" || operator === "Equal") return value === (taint.value ?? "");
  return operator === "Exists";
}
