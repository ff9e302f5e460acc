import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, test } from "node:test";
import { silentLogger } from "#runtime/logger.ts";
import { type ForecastLimits, Forecasts } from "./forecasts.ts";

// Threads that do as their settings say, without a cluster.
const WORKER = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, workerData } from "node:worker_threads";
    const { settings } = workerData;
    if (settings === "throws") throw new Error("no such luck");
    if (settings === "refuses") parentPort.postMessage({ kind: "refused", message: "there is no zone", mend: "Ask for one." });
    if (settings === "works") {
      parentPort.postMessage({ kind: "progress", what: "placing", done: 1, of: 2 });
      parentPort.postMessage({ kind: "done" });
    }
    if (settings === "hangs") setInterval(() => undefined, 1000);
  `)}`,
);

let forecasts: Forecasts;

function begin(settings: string, limits: Partial<ForecastLimits> = {}): Forecasts {
  forecasts = new Forecasts({ worker: WORKER, settings, nowMs: () => 7, logger: silentLogger, limits });
  return forecasts;
}

afterEach(async () => forecasts.stop());

async function ended(key: string): Promise<void> {
  const ticker = new EventTarget();
  for (;;) {
    const { phase } = forecasts.get(key);
    if (phase === "done" || phase === "failed") return;
    setImmediate(() => ticker.dispatchEvent(new Event("tick")));
    await once(ticker, "tick");
  }
}

test("a forecast runs to its end, is kept for those who come later, and the next one begins", async () => {
  begin("works");
  forecasts.join("a", { kind: "savings" });
  forecasts.join("b", { kind: "savings" });
  assert.deepEqual([forecasts.get("a").phase, forecasts.get("b").phase], ["running", "queued"]);
  assert.equal(forecasts.get("b").ahead, 1);
  await ended("a");
  await ended("b");
  forecasts.leave("a");
  forecasts.join("a", { kind: "savings" });
  assert.equal(forecasts.get("a").phase, "done");
});

test("what cannot be had is refused in words; a thread that dies takes nobody with it", async () => {
  begin("refuses");
  forecasts.join("a", { kind: "savings" });
  await ended("a");
  assert.deepEqual(forecasts.get("a").trouble, { message: "there is no zone", mend: "Ask for one." });
  await forecasts.stop();
  begin("throws");
  forecasts.join("a", { kind: "savings" });
  await ended("a");
  assert.match(forecasts.get("a").trouble?.message ?? "", /no such luck/);
});

test("one that takes too long is stopped, and says what has no such limit", async () => {
  begin("hangs", { secondsMax: 0 });
  forecasts.join("a", { kind: "savings" });
  await ended("a");
  assert.match(forecasts.get("a").trouble?.message ?? "", /longer than 0 s/);
});

test("one that nobody waits for any more is given up, and the next one begins", () => {
  begin("hangs");
  forecasts.join("a", { kind: "savings" });
  forecasts.join("b", { kind: "savings" });
  forecasts.leave("a");
  assert.equal(forecasts.get("b").phase, "running");
  assert.throws(() => forecasts.get("a"), /given up/);
});

test("only so many are waited for", () => {
  begin("hangs", { openMax: 2 });
  for (const key of ["a", "b", "c"]) forecasts.join(key, { kind: "savings" });
  assert.match(forecasts.get("c").trouble?.message ?? "", /As many forecasts as may/);
  assert.equal(forecasts.get("b").phase, "queued");
});
