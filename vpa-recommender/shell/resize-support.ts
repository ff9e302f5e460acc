// Whether the API server lets pods be resized in place, by what it says of itself.

import { z } from "zod";
import type { KubeConnection } from "#kube/connection.ts";

// Keys that Berth does not read are the API's business.
const resourceList = z.object({ resources: z.array(z.object({ name: z.string() })) });

/** Looked at again after this long: a control plane may be upgraded, or its gate be opened. */
const LOOK_AGAIN_MS = 600_000;

export class ResizeSupport {
  readonly #connection: Pick<KubeConnection, "get">;
  readonly #nowMs: () => number;
  #isServed = true;
  #lookedMs = -Infinity;

  constructor(connection: Pick<KubeConnection, "get">, nowMs: () => number) {
    this.#connection = connection;
    this.#nowMs = nowMs;
  }

  /** As it was last seen; true until the first look. */
  get isServed(): boolean {
    return this.#isServed;
  }

  /** @throws OperationError if the API server is away; ZodError if it answers something else. */
  async look(): Promise<void> {
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedMs < LOOK_AGAIN_MS) return;
    const { resources } = resourceList.parse(await this.#connection.get("/api/v1"));
    this.#isServed = resources.some(({ name }) => name === "pods/resize");
    this.#lookedMs = nowMs;
  }
}
