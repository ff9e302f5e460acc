// What Berth relies on in a Kubernetes API server, as cases over plain HTTP. The same suite runs against the loopback API
// and against kube-apiserver, with neither controllers nor kubelets, so that the one cannot drift from the other.

import { after, before, describe } from "node:test";
import { applyCases } from "./apply-cases.ts";
import { ContractApi } from "./contract-api.ts";
import type { Connection } from "./contract-api.ts";
import { deletionCases } from "./deletion-cases.ts";
import { listCases } from "./list-cases.ts";
import { objectCases } from "./object-cases.ts";
import { patchCases } from "./patch-cases.ts";
import { podCases } from "./pod-cases.ts";
import { resizeCases } from "./resize-cases.ts";
import { watchCases } from "./watch-cases.ts";

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

export function contractSuite(target: ContractTarget): void {
  describe(`${target.name} keeps the contract`, { timeout: SUITE_MS_MAX }, () => {
    let connected: ContractApi | undefined;
    const api: Api = () => {
      if (connected === undefined) throw new Error("the server is not connected yet");
      return connected;
    };
    before(async () => {
      const connection = await target.connect();
      const name = `contract-${process.pid}-${Date.now().toString(36)}`;
      const client = new ContractApi(connection, name);
      await client.post("/api/v1/namespaces", { metadata: { name } });
      await target.prepareNamespace?.(client);
      connected = client;
    });
    after(() => target.close?.());

    objectCases(api, target);
    listCases(api);
    watchCases(api, target);
    patchCases(api, target);
    applyCases(api);
    podCases(api);
    resizeCases(api);
    deletionCases(api);
  });
}

// A case that waits for an event which never comes fails after this instead of never.
const SUITE_MS_MAX = 60_000;
