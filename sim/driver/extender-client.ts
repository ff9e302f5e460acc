// kube-scheduler's side of the extender protocol (pkg/scheduler/extender.go): nodeCacheCapable, so nodes travel as
// names. Anything but a well-formed 200 is an error.

import { Pool } from "undici";
import { z } from "zod";
import { OperationError } from "#runtime/operation-error.ts";

export interface ExtenderFilterAnswer {
  readonly nodeNames: readonly string[];
  readonly failed: Readonly<Record<string, string>>;
}

/** kube-scheduler's default httpTimeout. */
const TIMEOUT_MS = 5_000;
/** One scheduling cycle runs at a time, and its two verbs one after the other. */
const CONNECTIONS_MAX = 2;

const failures = z.record(z.string(), z.string()).nullish();
const filterReply = z.object({
  NodeNames: z.array(z.string()).nullable(),
  FailedNodes: failures,
  FailedAndUnresolvableNodes: failures,
  Error: z.string().optional(),
});
const prioritizeReply = z.array(z.object({ Host: z.string(), Score: z.int() })).nullable();

export class ExtenderClient {
  readonly #pool: Pool;

  constructor(url: string) {
    this.#pool = new Pool(url, {
      connections: CONNECTIONS_MAX,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
  }

  /**
   * @throws OperationError ExtenderFailed
   */
  async filter(pod: unknown, nodeNames: readonly string[]): Promise<ExtenderFilterAnswer> {
    const reply = wellFormed(filterReply, await this.#call("/filter", pod, nodeNames));
    if (reply.Error !== undefined && reply.Error !== "")
      throw new OperationError("ExtenderFailed", reply.Error);
    const passed = reply.NodeNames ?? [];
    const asked = new Set(nodeNames);
    const unknown = passed.find((name) => !asked.has(name));
    if (unknown !== undefined) {
      throw new OperationError(
        "ExtenderFailed",
        `filter answered with a node that was not asked about: ${unknown}`,
      );
    }
    return { nodeNames: passed, failed: { ...reply.FailedNodes, ...reply.FailedAndUnresolvableNodes } };
  }

  /**
   * Scores by node; nodes that are left out have 0.
   *
   * @throws OperationError ExtenderFailed
   */
  async prioritize(pod: unknown, nodeNames: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const reply = wellFormed(prioritizeReply, await this.#call("/prioritize", pod, nodeNames));
    return new Map((reply ?? []).map(({ Host, Score }) => [Host, Score]));
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #call(path: string, pod: unknown, nodeNames: readonly string[]): Promise<unknown> {
    const body = JSON.stringify({ Pod: pod, Nodes: null, NodeNames: nodeNames });
    try {
      const headers = { "content-type": "application/json" };
      const response = await this.#pool.request({ method: "POST", path, body, headers });
      if (response.statusCode === 200) return await response.body.json();
      throw new OperationError(
        "ExtenderFailed",
        `${path} answered ${response.statusCode}: ${await response.body.text()}`,
      );
    } catch (error) {
      if (error instanceof OperationError) throw error;
      throw new OperationError("ExtenderFailed", `${path}: ${(error as Error).message}`, { cause: error });
    }
  }
}

function wellFormed<T>(schema: z.ZodType<T>, reply: unknown): T {
  const result = schema.safeParse(reply);
  if (result.success) return result.data;
  throw new OperationError("ExtenderFailed", `malformed reply: ${z.prettifyError(result.error)}`);
}
