// Forecasts, one at a time, each in a thread of its own that reads the cluster anew: the server goes on answering, a
// forecast that takes too long or too much memory ends alone, and one that nobody waits for any more is given up.

import { Worker } from "node:worker_threads";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import type { Forecast } from "../policy/forecast.ts";
import type { ForecastFinding, ForecastTask, FromForecast } from "./forecast-task.ts";

export interface ForecastsOptions {
  /** The thread's module: it is given the task and `settings` as its data. */
  readonly worker: URL;
  readonly settings: unknown;
  readonly nowMs: () => number;
  readonly logger: Logger;
  readonly limits?: Partial<ForecastLimits>;
}

export interface ForecastLimits {
  readonly secondsMax: number;
  /** Forecasts that wait or are worked on. */
  readonly openMax: number;
  /** Ended ones that are kept, the newest. */
  readonly keptMax: number;
  readonly memoryMebibytesMax: number;
}

// 5,000 nodes and 50,000 pods take half a minute and 1 GiB; a cluster that takes ten times as long is one for berth plan.
const LIMITS: ForecastLimits = { secondsMax: 300, openMax: 8, keptMax: 16, memoryMebibytesMax: 4096 };

export type OpenForecast = Forecast<readonly ForecastFinding[]>;

type MutableForecast = { -readonly [K in keyof OpenForecast]: OpenForecast[K] };

interface Job {
  readonly key: string;
  readonly task: ForecastTask;
  readonly forecast: MutableForecast;
  viewers: number;
  worker?: Worker;
  limit?: ReturnType<typeof setTimeout>;
}

export class Forecasts {
  readonly #options: ForecastsOptions;
  readonly #limits: ForecastLimits;
  /** By key; those that ended stay until newer ones take their places. */
  readonly #jobs = new Map<string, Job>();
  #running: Job | undefined;

  constructor(options: ForecastsOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
  }

  /** The forecast with that key, begun if there is none; each call has to be followed by one of `leave`. */
  join(key: string, task: ForecastTask): void {
    const known = this.#jobs.get(key);
    if (known !== undefined && known.forecast.phase !== "failed") {
      known.viewers++;
      return;
    }
    const job: Job = { key, task, forecast: this.#begun(), viewers: 1 };
    this.#jobs.delete(key);
    this.#jobs.set(key, job);
    if (this.#open().length > this.#limits.openMax) fail(job, TOO_MANY, this.#options.nowMs());
    this.#forgetOld();
    this.#next();
  }

  /** One viewer less; without any, what has not ended is given up. */
  leave(key: string): void {
    const job = this.#jobs.get(key);
    if (job === undefined) return;
    job.viewers--;
    if (job.viewers > 0 || isEnded(job)) return;
    this.#jobs.delete(key);
    this.#end(job);
  }

  /**
   * As it is now: a copy.
   *
   * @throws OperationError for one that was given up.
   */
  get(key: string): OpenForecast {
    const job = this.#jobs.get(key);
    if (job === undefined) throw new OperationError("ForecastGone", "This forecast was given up.");
    const { forecast } = job;
    const open = this.#open();
    return { ...forecast, ahead: forecast.phase === "queued" ? open.indexOf(job) : 0 };
  }

  async stop(): Promise<void> {
    const worker = this.#running?.worker;
    for (const job of this.#open()) this.#jobs.delete(job.key);
    if (this.#running !== undefined) clearTimeout(this.#running.limit);
    this.#running = undefined;
    await worker?.terminate();
  }

  #begun(): MutableForecast {
    return {
      phase: "queued",
      work: null,
      ahead: 0,
      askedAtMs: this.#options.nowMs(),
      endedAtMs: null,
      ground: null,
      result: [],
      trouble: null,
    };
  }

  #open(): readonly Job[] {
    return [...this.#jobs.values()].filter((job) => !isEnded(job));
  }

  #forgetOld(): void {
    const ended = [...this.#jobs.values()].filter((job) => isEnded(job) && job.viewers === 0);
    for (const { key } of ended.slice(0, Math.max(0, ended.length - this.#limits.keptMax)))
      this.#jobs.delete(key);
  }

  #next(): void {
    const [job] = this.#open();
    if (this.#running !== undefined || job === undefined) return;
    this.#running = job;
    job.forecast.phase = "running";
    const { worker: url, settings, logger } = this.#options;
    const { secondsMax, memoryMebibytesMax } = this.#limits;
    const worker = new Worker(url, {
      workerData: { task: job.task, settings },
      resourceLimits: { maxOldGenerationSizeMb: memoryMebibytesMax },
    });
    job.worker = worker;
    job.limit = setTimeout(() => this.#end(job, tooLong(secondsMax)), secondsMax * 1000);
    worker.on("message", (message: FromForecast) => this.#hear(job, message));
    worker.once("error", (error) => {
      logger.error({ err: error, task: job.task.kind }, "a forecast failed");
      this.#end(job, failedWith(error));
    });
    worker.once("exit", () => this.#end(job, BROKEN_OFF));
  }

  #hear(job: Job, message: FromForecast): void {
    const { forecast } = job;
    if (isEnded(job)) return;
    if (message.kind === "progress") {
      const { what, done, of } = message;
      forecast.work = { what, done, of };
    } else if (message.kind === "ground") forecast.ground = message.ground;
    else if (message.kind === "finding") forecast.result = [...forecast.result, message.finding];
    else if (message.kind === "refused") this.#end(job, message);
    else {
      forecast.phase = "done";
      forecast.work = null;
      forecast.endedAtMs = this.#options.nowMs();
      this.#end(job);
    }
  }

  /** Frees the thread for the next one; what has not ended by then has failed. */
  #end(job: Job, trouble: Trouble = GIVEN_UP): void {
    if (!isEnded(job)) fail(job, trouble, this.#options.nowMs());
    if (this.#running !== job) return;
    clearTimeout(job.limit);
    this.#running = undefined;
    void job.worker?.terminate();
    this.#next();
  }
}

interface Trouble {
  readonly message: string;
  readonly mend: string;
}

const AGAIN = "Ask again.";
const GIVEN_UP: Trouble = { message: "It was given up.", mend: AGAIN };
const BROKEN_OFF: Trouble = { message: "It broke off.", mend: AGAIN };
const TOO_MANY: Trouble = {
  message: "As many forecasts as may are waited for already.",
  mend: "Ask again when one of them is done.",
};

function tooLong(seconds: number): Trouble {
  return {
    message: `It took longer than ${seconds} s, and was stopped.`,
    mend: "Run berth plan or berth sim on a machine of your own: they have no such limit.",
  };
}

function failedWith(error: Error): Trouble {
  if ((error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY")
    return {
      message: "It took more memory than a forecast may.",
      mend: "Run berth plan or berth sim on a machine of your own.",
    };
  return { message: `It failed: ${error.message}`, mend: "The server's log says more." };
}

function fail({ forecast }: Job, { message, mend }: Trouble, nowMs: number): void {
  forecast.phase = "failed";
  forecast.work = null;
  forecast.endedAtMs = nowMs;
  forecast.trouble = { message, mend };
}

function isEnded({ forecast: { phase } }: Job): boolean {
  return phase === "done" || phase === "failed";
}
