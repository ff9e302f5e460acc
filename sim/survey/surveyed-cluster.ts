// A cluster at one moment, as a survey reads it: the nodes in use with their pods, whatever carries the mesh.

import type { AppName } from "#model/brand.ts";
import type { LedgerView, PodDemand } from "#model/ledger.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import type { Resources } from "#model/resources.ts";

export interface SurveyedCluster {
  readonly ledger: LedgerView;
  /** With at least one pod that does not belong to the node itself. */
  readonly nodes: readonly SurveyedNode[];
  /** What the mesh has on these nodes: the proxies' requests, or the sidecars. */
  readonly mesh: Resources;
  /** One proxy per node; else a sidecar in every pod. */
  readonly isShared: boolean;
}

export interface SurveyedNode {
  readonly account: NodeAccount;
  readonly pods: readonly SurveyedPod[];
}

export interface SurveyedPod {
  /** As the ledger takes it: with its sidecar, where it has one, and outside the nodes' mesh then. */
  readonly demand: PodDemand;
  /** Whose it is, whatever carries the mesh; undefined outside of it. */
  readonly app: AppName | undefined;
}
