// What the browser looks at: the UI of a real `npm start`, and UIs whose parts are where the case says.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ManagedProcess } from "#cli/start/managed-process.ts";

const BERTH = fileURLToPath(new URL("../../cli/berth.ts", import.meta.url));
const UI = fileURLToPath(new URL("../../cli/ui/main.ts", import.meta.url));
/** A cold start of everything on a small machine takes a quarter of it; 5,000 nodes take half. */
const READY_MS_MAX = 120_000;

export interface StartedFleet {
  readonly ui: string;
  readonly api: string;
  readonly recommender: string;
  stop(): Promise<void>;
}

export async function startFleet(nodes: number, flags?: readonly string[]): Promise<StartedFleet> {
  const pods = String(Math.min(60_000, nodes * 40));
  const shared = [BERTH, "start", "--ports", "free", "--nodes", String(nodes)];
  const args = [...shared, ...(flags ?? ["--pods", pods])];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const timeout = setTimeout(() => child.kill(), READY_MS_MAX);
  const urls: Record<string, string> = {};
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name, url] = /^ {2}(UI|API|recommender) +(http:\S+)/.exec(line) ?? [];
    if (name !== undefined && url !== undefined) urls[name] = url;
    if (line.startsWith("Try next")) break;
  }
  clearTimeout(timeout);
  // What it goes on to print is nobody's concern, and must not fill the pipe.
  child.stdout.resume();
  const { UI: ui, API: api, recommender } = urls;
  if (ui === undefined || api === undefined || recommender === undefined)
    throw new Error("npm start did not say where its UI, API and recommender are");
  return { ui, api, recommender, stop: () => ended(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await exit;
}

export interface UiFlags {
  readonly apiServer: string;
  readonly extenderUrl: string;
  readonly recommenderUrl: string;
}

/** Nobody listens there: the port of "discard", which needs rights to be taken. */
export const NOBODY = "http://127.0.0.1:9";

export async function startUi({ apiServer, extenderUrl, recommenderUrl }: UiFlags): Promise<{
  readonly url: string;
  stop(): Promise<void>;
}> {
  const args = [
    "--port=0",
    `--api-server=${apiServer}`,
    `--extender-url=${extenderUrl}`,
    `--recommender-url=${recommenderUrl}`,
  ];
  const ui = new ManagedProcess({ name: "ui", file: UI, args }, { logLine: () => undefined });
  const ready = (await ui.start()) as { readonly urls: { readonly ui: string } };
  return { url: ready.urls.ui, stop: () => ui.stop() };
}
