// What Berth relies on in a Kubernetes API server, as cases over plain HTTP. The same suite runs against the loopback API
// and against kube-apiserver, with neither controllers nor kubelets, so that the one cannot drift from the other.

import { after, before, describe } from "node:test";
import { applyCases } from "./apply-cases.ts";
import { ContractApi } from "./contract-api.ts";
import type { Api, ContractTarget } from "./contract-target.ts";
import { deletionCases } from "./deletion-cases.ts";
import { discoveryCases } from "./discovery-cases.ts";
import { listCases } from "./list-cases.ts";
import { objectCases } from "./object-cases.ts";
import { patchCases } from "./patch-cases.ts";
import { podCases } from "./pod-cases.ts";
import { resizeCases } from "./resize-cases.ts";
import { signingCases } from "./signing-cases.ts";
import { validationCases } from "./validation-cases.ts";
import { watchCases } from "./watch-cases.ts";

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
    validationCases(api);
    discoveryCases(api);
    signingCases(api);
  });
}

// A case that waits for an event which never comes fails after this instead of never.
const SUITE_MS_MAX = 180_000;
