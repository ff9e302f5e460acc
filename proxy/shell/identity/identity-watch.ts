// Identities as the cluster gives them: the roots from their ConfigMap, certificates from the signer.

import { X509Certificate } from "node:crypto";

import { z } from "zod";
import type { AppName } from "#model/brand.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { DecodeError } from "#kube/decode-pod.ts";
import { ROOTS_KEY } from "#kube/mesh-roots.ts";
import { Reflector } from "#kube/reflector.ts";
import { type ResourceKind, resourcePath } from "#kube/resource-path.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";

import type { ClusterListener } from "../cluster-source.ts";
import { certificateBlocks } from "./certificate-blocks.ts";
import { CertificateClient } from "./certificate-client.ts";
import { IdentityKeeper, type IdentityKeeperOptions, type KeptIdentities } from "./identity-keeper.ts";

export interface IdentityWatchOptions {
  readonly connection: Pick<KubeConnection, "request" | "watch">;
  readonly trustDomain: string;
  readonly meshRoots: { readonly namespace: string; readonly name: string };
  readonly listener: Pick<ClusterListener, "identitySeen">;
  readonly keep?: IdentityKeeperOptions["keep"];
  readonly kept?: KeptIdentities | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

const CONFIG_MAPS: ResourceKind = { version: "v1", resource: "configmaps" };
const schema = z.object({ data: z.record(z.string(), z.string()).optional() });

export class IdentityWatch {
  readonly #keeper: IdentityKeeper;
  readonly #roots: Reflector<string>;

  constructor(options: IdentityWatchOptions) {
    const { meshRoots, listener } = options;
    this.#keeper = new IdentityKeeper({
      ...options,
      client: new CertificateClient(options),
      changed: (app, material) => listener.identitySeen(app, material),
    });
    this.#roots = new Reflector({
      ...options,
      name: "mesh roots",
      path: resourcePath({ ...CONFIG_MAPS, namespace: meshRoots.namespace }),
      query: { fieldSelector: `metadata.name=${meshRoots.name}` },
      decode: rootsOf,
      handlers: {
        upserted: (roots) => this.#keeper.rootsSeen(roots),
        // Whoever deletes it means to stop trusting nobody: those that are known stay until others are told.
        deleted: () => undefined,
      },
    });
  }

  start(): void {
    this.#roots.start();
  }

  want(apps: ReadonlySet<AppName>): void {
    this.#keeper.want(apps);
  }

  async stop(): Promise<void> {
    this.#keeper.stop();
    await this.#roots.stop();
  }
}

/** Empty until the extender's leader has filled it. */
function rootsOf(raw: unknown): string {
  const parsed = schema.safeParse(raw);
  if (!parsed.success)
    throw new DecodeError(`ConfigMap of the mesh's roots: ${z.prettifyError(parsed.error)}`);
  const roots = parsed.data.data?.[ROOTS_KEY] ?? "";
  try {
    for (const block of certificateBlocks(roots)) void new X509Certificate(block);
  } catch (error) {
    throw new DecodeError(`ConfigMap of the mesh's roots: ${ROOTS_KEY}: ${(error as Error).message}`);
  }
  return certificateBlocks(roots).join("\n");
}
