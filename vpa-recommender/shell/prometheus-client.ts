// Asks a Prometheus for the past: range queries, each bounded in size, time and number of series, a limited number at once.

import { Agent, request } from "undici";
import { z } from "zod";
import { Limiter } from "#runtime/limiter.ts";
import { OperationError } from "#runtime/operation-error.ts";
import type { TimedValue } from "../policy/range-samples.ts";

export interface PrometheusOptions {
  readonly address: string;
  readonly queryMsMax: number;
}

export interface RangeQuestion {
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export interface RangeSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly TimedValue[];
}

/** A million and a half samples of forty bytes; what is larger is asked for in smaller parts, or not at all. */
const ANSWER_BYTES_MAX = 64 * 1024 ** 2;
const SERIES_MAX = 20_000;
/** Prometheus itself answers no more points per series. */
const POINTS_MAX = 11_000;
/** It serves dashboards at the same time. */
const ASKED_AT_ONCE_MAX = 2;
const CONNECT_MS_MAX = 5_000;
/** Prometheus gives up first, and says so. */
const ANSWER_MS_SPARE = 2_000;
const ERROR_CHARS_MAX = 300;

// Keys that Berth does not read are Prometheus's business.
const answer = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    data: z.object({
      resultType: z.literal("matrix"),
      result: z
        .array(
          z.object({
            metric: z.record(z.string(), z.string()),
            values: z.array(z.tuple([z.number(), z.string()])).max(POINTS_MAX + 1),
          }),
        )
        .max(SERIES_MAX),
    }),
  }),
  z.object({ status: z.literal("error"), errorType: z.string(), error: z.string() }),
]);

export class PrometheusClient {
  readonly #url: URL;
  readonly #queryMsMax: number;
  readonly #limiter = new Limiter(ASKED_AT_ONCE_MAX);
  readonly #agent: Agent;

  constructor({ address, queryMsMax }: PrometheusOptions) {
    const root = address.endsWith("/") ? address : `${address}/`;
    this.#url = new URL("api/v1/query_range", root);
    this.#queryMsMax = queryMsMax;
    this.#agent = new Agent({
      connections: ASKED_AT_ONCE_MAX,
      pipelining: 0,
      connectTimeout: CONNECT_MS_MAX,
      headersTimeout: queryMsMax + ANSWER_MS_SPARE,
      bodyTimeout: queryMsMax + ANSWER_MS_SPARE,
      maxResponseSize: ANSWER_BYTES_MAX,
    });
  }

  /** @throws OperationError PrometheusFailed if it is not reached, refuses, or answers something else or too much. */
  async range(question: RangeQuestion): Promise<readonly RangeSeries[]> {
    try {
      return await this.#limiter.run(() => this.#ask(question));
    } catch (error) {
      if (error instanceof OperationError) throw error;
      const { message } = error as Error;
      throw new OperationError("PrometheusFailed", `${this.#url.host}: ${message}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    await this.#agent.destroy();
  }

  async #ask({ query, startMs, endMs, stepMs }: RangeQuestion): Promise<readonly RangeSeries[]> {
    const seconds = (ms: number): string => String(ms / 1000);
    // In the body: a query that names a hundred pods does not fit into an address.
    const form = new URLSearchParams({
      query,
      start: seconds(startMs),
      end: seconds(endMs),
      step: seconds(stepMs),
      timeout: `${this.#queryMsMax}ms`,
    });
    const { body, statusCode } = await request(this.#url, {
      dispatcher: this.#agent,
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
      signal: AbortSignal.timeout(this.#queryMsMax + ANSWER_MS_SPARE),
    });
    const parsed = answer.safeParse(jsonOf(await body.text()));
    if (!parsed.success)
      throw failed(
        `answered ${statusCode}, which is no answer to a range query: ${z.prettifyError(parsed.error)}`,
      );
    if (parsed.data.status === "error") throw failed(`${parsed.data.errorType}: ${parsed.data.error}`);
    return parsed.data.data.result.map(({ metric: labels, values }) => ({
      labels,
      samples: values.map(([time, value]) => ({ timeMs: Math.round(time * 1000), value: valueOf(value) })),
    }));
  }
}

// Infinities are written with a sign and three letters, which Number does not read.
function valueOf(text: string): number {
  const infinity = /^([+-])Inf$/.exec(text)?.[1];
  if (infinity === undefined) return Number(text);
  return infinity === "+" ? Infinity : -Infinity;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What it is instead is said by the schema's refusal.
    return text.slice(0, ERROR_CHARS_MAX);
  }
}

function failed(message: string): OperationError {
  return new OperationError("PrometheusFailed", message.slice(0, ERROR_CHARS_MAX));
}

/** As it stands between the quotes of a matcher in PromQL. */
export function quoted(value: string): string {
  return `"${value
    .replaceAll("\\", String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll("\n", String.raw`\n`)}"`;
}

/** A matcher's regular expression for exactly these values. */
export function anyOf(values: Iterable<string>): string {
  return quoted(
    [...values].map((value) => value.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)).join("|"),
  );
}
