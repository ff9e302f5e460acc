// One example pod's process: a server that answers with what it was sent, and a client that calls another app through
// the proxy its environment names, as any program would. Every answer is compared with what was sent.

import { createHash, randomBytes } from "node:crypto";
import { createServer, request, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";

/** Counts since the start; the parent compares them with the proxies' metrics. */
export interface ExampleCounts {
  readonly sent: number;
  readonly verified: number;
  readonly throttled: number;
  readonly failed: number;
  readonly served: number;
  readonly lastFailure: string;
}

const BODY_BYTES_MAX = 16 * 1024;
const REPORT_MS = 250;
const TIMEOUT_MS = 10_000;
/** Requests of one client underway at once; beyond that a tick is skipped. */
const IN_FLIGHT_MAX = 16;

const counts = { sent: 0, verified: 0, throttled: 0, failed: 0, served: 0, lastFailure: "" };
const underway = new Set<Promise<void>>();
let ticker: NodeJS.Timeout | undefined;

const server = createServer((incoming, response) => {
  counts.served++;
  buffer(incoming).then(
    (body) => response.setHeader("x-body-sha256", sha256(body)).end(body),
    () => response.destroy(),
  );
});
server.listen(Number(process.env["EXAMPLE_PORT"]), process.env["EXAMPLE_ADDRESS"], () => {
  process.send?.({ kind: "ready" });
});
setInterval(() => process.send?.({ kind: "counts", counts }), REPORT_MS);

process.on("message", (message: { kind: string; url?: string; intervalMs?: number }) => {
  if (message.kind === "call") ticker = setInterval(() => call(message.url ?? ""), message.intervalMs);
  if (message.kind === "stopCalling") void stopCalling();
});
process.on("disconnect", () => process.exit(0));
process.on("SIGTERM", () => process.exit(0));

async function stopCalling(): Promise<void> {
  clearInterval(ticker);
  await Promise.all(underway);
  process.send?.({ kind: "stopped", counts });
}

function call(url: string): void {
  if (underway.size >= IN_FLIGHT_MAX) return;
  const calling = callOnce(url).finally(() => underway.delete(calling));
  underway.add(calling);
}

async function callOnce(url: string): Promise<void> {
  counts.sent++;
  const body = randomBytes(1 + Math.floor(Math.random() * BODY_BYTES_MAX));
  try {
    const response = await post(url, body);
    const answer = await buffer(response);
    if (response.statusCode === 429 || response.statusCode === 503) counts.throttled++;
    else if (
      response.statusCode === 200 &&
      answer.equals(body) &&
      response.headers["x-body-sha256"] === sha256(body)
    ) {
      counts.verified++;
    } else
      throw new Error(
        `status ${response.statusCode}, ${String(response.headers["x-berth-reason"] ?? "no reason")}`,
      );
  } catch (error) {
    counts.failed++;
    counts.lastFailure = (error as Error).message;
  }
}

function post(url: string, body: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: "POST", timeout: TIMEOUT_MS }, resolve);
    call.on("timeout", () => call.destroy(new Error("timed out")));
    call.on("error", reject);
    call.end(body);
  });
}

function sha256(body: Buffer): string {
  return createHash("sha256").update(body).digest("hex");
}
