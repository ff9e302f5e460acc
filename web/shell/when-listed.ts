// The cluster for a view, once there is one.

import { OperationError } from "#runtime/operation-error.ts";
import type { FleetView } from "../policy/fleet-figures.ts";
import type { ClusterState } from "./cluster-state.ts";

/** The API server has not answered yet. */
class NotListed extends OperationError {
  readonly mend =
    "Check that the API server is reached from where the UI runs, and that it may list nodes, pods and profiles: `berth doctor` with the same kubeconfig says what is missing. It is tried again all the time.";

  constructor() {
    super("NotListed", "The cluster has not been listed yet.");
  }
}

/** @throws OperationError until nodes, pods and profiles were listed once. */
export function whenListed(cluster: Pick<ClusterState, "isListed" | "fleet">): FleetView {
  if (!cluster.isListed) throw new NotListed();
  return cluster.fleet;
}
