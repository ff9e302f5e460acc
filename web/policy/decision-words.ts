// A decision's constants in words, for the terminal and the screens.

import type { ExplainedNow } from "#scheduler-extender/policy/explain-reply.ts";
import type { Winner } from "#scheduler-extender/policy/explanation.ts";

export const NODES_OF: Readonly<Record<ExplainedNow["nodesOf"], string>> = {
  nominated: "on the node that is kept for it",
  kubeScheduler: "on the nodes that kube-scheduler had left for it",
  eligible: "on the nodes that it may run on",
  cluster: "on all nodes, some of which kube-scheduler may reject",
};

export const REASONS: Readonly<Record<Winner["reason"], string>> = {
  joinsInstance: "where the app runs already",
  opensInstance: "opening an instance of the app",
  outsideMesh: "outside the mesh",
};

export const TIE_BREAKS: Readonly<Record<Winner["decidedBy"], string>> = {
  onlyCandidate: "the only one",
  largerGroup: "the only one that takes so many of its siblings",
  lessLeft: "the fullest",
  lessStranded: "the one that strands least",
  name: "the first by name of equals",
};
