// Branded names, so that a pod's name cannot be passed where an app's is meant.

export type AppName = string & { readonly __brand: "AppName" };
export type NodeName = string & { readonly __brand: "NodeName" };
export type PodUid = string & { readonly __brand: "PodUid" };
