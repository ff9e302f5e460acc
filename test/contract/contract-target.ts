// A server that the contract suite can run against.

import type { Connection, ContractApi } from "./contract-api.ts";

export interface ContractTarget {
  readonly name: string;
  /** Starts or finds the server; called once. */
  connect(): Promise<Connection>;
  /** Makes pods possible in a new namespace, where the server wants more than the namespace for that. */
  prepareNamespace?(api: ContractApi): Promise<void>;
  close?(): Promise<void>;
  /** A version from which the server cannot resume a watch any more; without it that case is left out. */
  readonly expiredResourceVersion?: string;
  /** A custom resource that is served, and an object that it accepts; without it those cases are left out. */
  readonly custom?: CustomSample;
}

export interface CustomSample {
  readonly groupVersion: string;
  readonly resource: string;
  readonly object: { readonly apiVersion: string; readonly kind: string; readonly spec: object };
}

/** Gives a case the connected client. */
export type Api = () => ContractApi;
