// `berth start`: a simulated fleet with the real components, in one command and without a cluster.

import { request } from "undici";
import { describeFlags, checkFlags, readFlags } from "#runtime/flags.ts";
import type { TracePod } from "#sim/traces/trace.ts";
import { addressTable } from "./address-table.ts";
import { crashInTheMiddle } from "./crash.ts";
import { type Environment, startEnvironment } from "./environment.ts";
import { type LiveFigures, showLive } from "./live-line.ts";
import { loadPods } from "./load-pods.ts";
import { Pacer } from "./pacer.ts";
import { replayInLockstep, settleAndSchedule } from "./replay.ts";
import { scrape, type Scrape } from "./scrape.ts";
import { type StartOptions, startOptions, startSettings } from "./start-options.ts";
import { type Summary, summarize, summaryText } from "./summary.ts";
import { TraceFeed } from "./trace-feed.ts";

export const startCommand = {
  name: "start",
  summary: "run a simulated fleet with the real extender, recommender and proxies",
  async run(argv: readonly string[]): Promise<void> {
    if (argv.includes("--help") || argv.includes("-h")) return void process.stdout.write(help());
    const options = startOptions(checkFlags(startSettings, readFlags(startSettings, argv)));
    const pods = await loadPods(options);
    const summary = await runFleet(options, pods);
    process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : `\n${summaryText(summary)}`);
  },
};

function help(): string {
  return [
    "Runs a simulated fleet on a loopback Kubernetes API with Berth's real extender and recommender attached, two nodes",
    "with a real proxy each, and example apps that talk through them. Needs no cluster.",
    "",
    "Usage: npm start -- [options]",
    "",
    describeFlags(startSettings),
    "  --help",
    "",
  ].join("\n");
}

async function runFleet(options: StartOptions, pods: readonly TracePod[]): Promise<Summary> {
  const startedMs = Date.now();
  const interrupted = interruption(options);
  // For whoever watches it start, which takes seconds.
  if (!options.json && process.stderr.isTTY)
    process.stderr.write(
      `Starting a simulated fleet of ${options.nodes} nodes, and Berth's parts as processes beside it …\n\n`,
    );
  const environment = await startEnvironment(options);
  try {
    const readySeconds = (Date.now() - startedMs) / 1000;
    if (!options.json)
      process.stdout.write(addressTable(environment.urls, { readySeconds, speed: options.speed }));
    const pacer = await startExamples(environment);
    const { connection, clock, api } = environment;
    const feed = new TraceFeed(pods, { connection, clock, store: api.store });
    await feed.createProfiles(pods);
    if (options.crash) crashInTheMiddle(environment, pods.length);
    await replay({ environment, options, feed, pacer, interrupted });
    return await finish(environment, { pacer, seconds: (Date.now() - startedMs) / 1000 });
  } finally {
    interrupted.cancel();
    await environment.stop();
  }
}

// The examples are up before the trace begins, in lockstep as well: their pods need time to pass to start.
async function startExamples(environment: Environment): Promise<Pacer | undefined> {
  const { examples, virtualClock, api, driver, parts, urls } = environment;
  const pacer =
    virtualClock === undefined
      ? undefined
      : new Pacer({ api, clock: virtualClock, driver, processes: [parts.extender, parts.recommender] });
  await examples.createPods();
  if (pacer !== undefined && virtualClock !== undefined) {
    await settleAndSchedule(pacer, driver);
    for (let dueMs = virtualClock.nextDueMs(); dueMs !== undefined; dueMs = virtualClock.nextDueMs()) {
      pacer.advanceTo(dueMs);
      await settleAndSchedule(pacer, driver);
    }
  }
  await examples.run(async () => (await Promise.all(urls.proxies.map(isServing))).every(Boolean));
  return pacer;
}

async function isServing(controlUrl: string): Promise<boolean> {
  const { body } = await request(`${controlUrl}/metrics`);
  const serving = /^berth_proxy_instance_serving\{.*\} 1$/m;
  return serving.test(await body.text());
}

interface Replay {
  readonly environment: Environment;
  readonly options: StartOptions;
  readonly feed: TraceFeed;
  readonly pacer: Pacer | undefined;
  readonly interrupted: Interruption;
}

async function replay({ environment, options, feed, pacer, interrupted }: Replay): Promise<void> {
  const { virtualClock, driver, clock } = environment;
  const originMs = clock.nowMs();
  const hideLive = options.headless
    ? (): void => undefined
    : showLive(() => ({
        ...liveFigures(environment),
        traceSeconds: (clock.nowMs() - originMs) / 1000,
        traceSecondsMax: (feed.endMs - originMs) / 1000,
      }));
  try {
    if (pacer !== undefined && virtualClock !== undefined) {
      const isEnded = (): boolean => interrupted.isDone;
      await replayInLockstep({ clock: virtualClock, pacer, driver, feed, isEnded });
      return;
    }
    const failure = Promise.withResolvers<never>();
    const stopFeeding = feed.run(failure.reject);
    const over =
      options.headless && options.duration === undefined ? untilOver(environment, feed) : undefined;
    await Promise.race([interrupted.promise, failure.promise, ...(over === undefined ? [] : [over])]);
    stopFeeding();
  } finally {
    hideLive();
  }
}

/** Pods that are deleted at the end of a trace are gone after their grace. */
const GRACE_MS = 60_000;

async function untilOver({ clock }: Environment, feed: TraceFeed): Promise<void> {
  await new Promise<void>((resolve) => {
    clock.after(Math.max(0, feed.endMs - clock.nowMs()) + GRACE_MS, resolve);
  });
}

async function finish(
  environment: Environment,
  { pacer, seconds }: { readonly pacer: Pacer | undefined; readonly seconds: number },
): Promise<Summary> {
  const { examples, parts, driver, urls, tally, audit, kubelets } = environment;
  const exampleTotals = await examples.stopCalling();
  if (pacer !== undefined) await pacer.settle();
  const ready = (await parts.extender.whenReady()) as { readonly urls?: Readonly<Record<string, string>> };
  const extender = await scrape(`${ready.urls?.["operations"] ?? urls.extender}/metrics`);
  const proxies = await Promise.all(urls.proxies.map((url) => scrape(`${url}/metrics`)));
  const total = (metric: string, labels = {}): number =>
    proxies.reduce((sum, metrics) => sum + metrics.sum(metric, labels), 0);
  return summarize({
    tally,
    audit,
    pending: driver.pending,
    examples: exampleTotals,
    // What pods hold that still wait when the run is ended is no leak.
    leakedReservations:
      Math.max(0, extender.sum("berth_extender_reservations") - driver.pending) +
      extender.sum("berth_extender_expired_reservations_total"),
    rejected: kubelets.rejected,
    resizes: kubelets.resizes,
    resizeFaults: kubelets.pended,
    restarts: { extender: parts.extender.restarts, recommender: parts.recommender.restarts },
    proxy: {
      requests: total("berth_proxy_requests_total"),
      failed: total("berth_proxy_failed_requests_total"),
      throttled: total("berth_proxy_throttled_requests_total"),
    },
    requestsByDirection: {
      outbound: total("berth_proxy_requests_total", { direction: "outbound" }),
      inbound: total("berth_proxy_requests_total", { direction: "inbound" }),
    },
    agreesWithProxies: agree(exampleTotals.sentByApp, proxies),
    seconds,
  });
}

// What each app's clients sent left through its own instance and arrived at the other app's.
function agree(sentByApp: Readonly<Record<string, number>>, proxies: readonly Scrape[]): boolean {
  const count = (app: string, direction: string): number =>
    proxies.reduce((sum, metrics) => sum + metrics.sum("berth_proxy_requests_total", { app, direction }), 0);
  return Object.entries(sentByApp).every(([app, sent]) => {
    const peer = Object.keys(sentByApp).find((other) => other !== app) ?? app;
    return count(`shop/${app}`, "outbound") === sent && count(`shop/${peer}`, "inbound") === sent;
  });
}

function liveFigures({
  tally,
  driver,
  examples,
}: Environment): Omit<LiveFigures, "traceSeconds" | "traceSecondsMax"> {
  return {
    totals: tally.now,
    placed: tally.placed,
    pending: driver.pending,
    requests: examples.totals().verified,
  };
}

interface Interruption {
  readonly promise: Promise<void>;
  readonly isDone: boolean;
  cancel(): void;
}

// Ctrl-C, a signal, or the end of --duration; a second signal ends the process as usual.
function interruption({ duration }: StartOptions): Interruption {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isDone = false;
  const end = (): void => {
    isDone = true;
    resolve();
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, end);
  const timer = duration === undefined ? undefined : setTimeout(end, duration * 1000);
  return {
    promise,
    get isDone() {
      return isDone;
    },
    cancel() {
      clearTimeout(timer);
      for (const signal of signals) process.off(signal, end);
    },
  };
}
