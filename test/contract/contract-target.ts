// A server that the contract suite can run against.

import type { Connection, ContractApi } from "./contract-api.ts";

export interface ContractTarget {
  readonly name: string;
  /** Starts or finds the server; called once. */
  connect(): Promise<Connection>;
  /** Makes pods possible in a new namespace, where the server wants more than the namespace for that. */
  prepareNamespace?(api: ContractApi): Promise<void>;
  close?(): Promise<void>;
  /** Makes the server forget the past; resolves with a version of Events from which it cannot resume a watch. */
  forgetPast(): Promise<string>;
  /** A custom resource that is served, and what it accepts. */
  readonly custom: CustomSample;
}

export interface CustomSample {
  readonly groupVersion: string;
  readonly resource: string;
  readonly object: { readonly apiVersion: string; readonly kind: string; readonly spec: object };
  readonly status: object;
}

/** Gives a case the connected client. */
export type Api = () => ContractApi;
