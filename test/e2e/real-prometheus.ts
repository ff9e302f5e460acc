// Debian's own Prometheus as a process of the suite's, on loopback and in a folder of its own, with a past that is made
// for it. Where it is not installed the suite goes without; in CI that is a failure (.ci/run).

import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "#cli/start/free-port.ts";
import { LoggedProcess } from "./logged-process.ts";

const HOST = "127.0.0.1";
const READY_MS_MAX = 60_000;

export interface Target {
  /** Default: 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** One series as `name{label="value"}`, and its samples, oldest first. */
export interface PastSeries {
  readonly series: string;
  readonly samples: readonly { readonly timeMs: number; readonly value: number }[];
}

/** False, or why tests that need it are skipped. */
export function prometheusMissing(): string | false {
  try {
    for (const tool of ["prometheus", "promtool"]) execFileSync(tool, ["--version"], { stdio: "ignore" });
    return false;
  } catch {
    // Whoever asked says so.
    return "prometheus and promtool (Debian's package prometheus) are not installed";
  }
}

export class RealPrometheus implements AsyncDisposable {
  readonly address: string;
  readonly #process: LoggedProcess;
  readonly #folder: string;

  /** Scrapes these every second, and remembers that past. */
  static async start(targets: readonly Target[], past: readonly PastSeries[] = []): Promise<RealPrometheus> {
    const folder = mkdtempSync(join(tmpdir(), "berth-prometheus-"));
    const data = join(folder, "data");
    if (past.length > 0) {
      const text = join(folder, "past.om");
      writeFileSync(text, openMetrics(past));
      await promisify(execFile)("promtool", ["tsdb", "create-blocks-from", "openmetrics", text, data]);
    }
    const config = join(folder, "prometheus.json");
    // JSON is YAML.
    writeFileSync(config, JSON.stringify(configuration(targets)));
    const address = `${HOST}:${await freePort(HOST)}`;
    const logFile = join(folder, "prometheus.log");
    const process = new LoggedProcess("prometheus", "prometheus", {
      args: [`--config.file=${config}`, `--storage.tsdb.path=${data}`, `--web.listen-address=${address}`],
      logFile,
    });
    await process.ready(async () => (await fetch(`http://${address}/-/ready`)).ok, READY_MS_MAX);
    return new RealPrometheus(`http://${address}`, process, folder);
  }

  private constructor(address: string, process: LoggedProcess, folder: string) {
    this.address = address;
    this.#process = process;
    this.#folder = folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

function configuration(targets: readonly Target[]): object {
  const scraped = targets.map(({ host = HOST, port, labels }) => ({ targets: [`${host}:${port}`], labels }));
  return {
    global: { scrape_interval: "1s", scrape_timeout: "1s" },
    scrape_configs: [{ job_name: "live", static_configs: scraped }],
  };
}

function openMetrics(past: readonly PastSeries[]): string {
  const lines = past.flatMap(({ series, samples }) =>
    samples.map(({ timeMs, value }) => `${series} ${value} ${timeMs / 1000}`),
  );
  return `${lines.join("\n")}\n# EOF\n`;
}
