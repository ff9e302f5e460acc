// What the UI's cluster map takes at thousands of nodes, in a real Chromium on a simulated fleet whose pods come and go:
// bytes of the first visit and of each second after it, frames a second while it is looked at, and while it is dragged
// about. CHROMIUM names another browser than Debian's.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";
import { textTable } from "#sim/report/text-table.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { countOf, parseTextFlags } from "./text-flags.ts";

export const uiBench: Bench = {
  summary: "the UI's cluster map in Chromium: bytes of the first visit and while pods churn, frames a second",
  run: benchUi,
};

const BERTH = fileURLToPath(new URL("../cli/berth.ts", import.meta.url));
const READY_MS_MAX = 120_000;

interface Depth {
  readonly nodes: number;
  /** Before the browser comes, so that there is something on the map. */
  readonly fillSeconds: number;
  readonly measuredSeconds: number;
}

const FULL: Depth = { nodes: 5_000, fillSeconds: 60, measuredSeconds: 15 };
const QUICK: Depth = { nodes: 1_000, fillSeconds: 3, measuredSeconds: 4 };

async function benchUi({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const flags = parseTextFlags(argv, { nodes: { type: "string" } });
  const depth = isQuick ? QUICK : FULL;
  const nodes = countOf("nodes", flags.nodes, depth.nodes);
  const browserPath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
  if (!existsSync(browserPath)) {
    const figures = { nodes, map: null, skipped: { map: `there is no ${browserPath}` }, isQuick };
    return { figures, table: `skipped: there is no ${browserPath}` };
  }
  progress(`a fleet of ${nodes} nodes`);
  const fleet = spawn(
    process.execPath,
    [BERTH, "start", "--ports=free", `--nodes=${nodes}`, "--pods=50000"],
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  try {
    const url = await uiUrl(fleet);
    await delay(depth.fillSeconds * 1000);
    progress("the map in Chromium");
    const map = await measureMap(url, { browserPath, seconds: depth.measuredSeconds });
    const figures = { nodes, map, skipped: {}, isQuick };
    return { figures, table: tableOf(nodes, map) };
  } finally {
    const ended = new Promise((resolve) => fleet.once("exit", resolve));
    fleet.kill("SIGTERM");
    await ended;
  }
}

interface MapFigures {
  /** From the request to the whole map on the screen. */
  readonly readyMs: number;
  /** Page, style and modules; then the first views of the stream. As they go over the network. */
  readonly assetBytes: number;
  readonly firstViewBytes: number;
  /** Of the stream afterwards. */
  readonly churnBytesPerSecond: number;
  /** A browser of this machine draws 60 at most. */
  readonly watching: Frames;
  readonly dragging: Frames;
}

interface Frames {
  readonly framesPerSecond: number;
  readonly longestFrameMs: number;
}

async function measureMap(
  url: string,
  { browserPath, seconds }: { readonly browserPath: string; readonly seconds: number },
): Promise<MapFigures> {
  const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const bytes = await countBytes(page);
    const startedMs = performance.now();
    await page.goto(url);
    await page.waitForSelector(".map-frame canvas");
    const readyMs = performance.now() - startedMs;
    // What came with the first frame is on its way no more.
    await delay(500);
    const first = { ...bytes };
    const watching = await framesWhile(page, async () => delay(seconds * 1000));
    const churned = bytes.stream - first.stream;
    for (let step = 0; step < 3; step++) await page.getByLabel("Zoom in").click();
    const dragging = await framesWhile(page, () => dragAbout(page, seconds));
    return {
      readyMs: Math.round(readyMs),
      assetBytes: first.assets,
      firstViewBytes: first.stream,
      churnBytesPerSecond: Math.round(churned / (seconds + 0.5)),
      watching,
      dragging,
    };
  } finally {
    await browser.close();
  }
}

interface ByteCounts {
  assets: number;
  stream: number;
}

async function countBytes(page: Page): Promise<ByteCounts> {
  const counts: ByteCounts = { assets: 0, stream: 0 };
  const streams = new Set<string>();
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  session.on("Network.requestWillBeSent", ({ requestId, request }) => {
    if (request.url.includes("/api/stream/")) streams.add(requestId);
  });
  session.on("Network.dataReceived", ({ requestId, encodedDataLength }) => {
    if (streams.has(requestId)) counts.stream += encodedDataLength;
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (!streams.has(requestId)) counts.assets += encodedDataLength;
  });
  return counts;
}

// Frames are counted in the page, which gives them up when its own work takes longer than one.
async function framesWhile(page: Page, act: () => Promise<unknown>): Promise<Frames> {
  await page.evaluate(`{
    const counted = { frames: 0, longestMs: 0, lastMs: performance.now(), sinceMs: performance.now() };
    window.berthFrames = counted;
    const count = (nowMs) => {
      if (window.berthFrames !== counted) return;
      counted.frames += 1;
      counted.longestMs = Math.max(counted.longestMs, nowMs - counted.lastMs);
      counted.lastMs = nowMs;
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  }`);
  await act();
  const counted = await page.evaluate<{ frames: number; longestMs: number; ms: number }>(
    "({ ...window.berthFrames, ms: performance.now() - window.berthFrames.sinceMs })",
  );
  return {
    framesPerSecond: Math.round((counted.frames / counted.ms) * 10_000) / 10,
    longestFrameMs: Math.round(counted.longestMs),
  };
}

async function dragAbout(page: Page, seconds: number): Promise<void> {
  const box = await page.locator(".map-frame canvas").boundingBox();
  if (box === null) throw new Error("the map is not on the page");
  const endMs = performance.now() + seconds * 1000;
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await page.mouse.move(middle.x, middle.y);
  await page.mouse.down();
  for (let turn = 0; performance.now() < endMs; turn += 0.05)
    await page.mouse.move(middle.x + Math.cos(turn) * 300, middle.y + Math.sin(turn) * 200);
  await page.mouse.up();
}

async function uiUrl(fleet: ChildProcess): Promise<string> {
  const said = Promise.withResolvers<string>();
  let text = "";
  fleet.stdout?.on("data", (chunk) => {
    text += String(chunk);
    const [, url] = /UI\s+(http:\S+)/.exec(text) ?? [];
    if (url !== undefined) said.resolve(url);
  });
  fleet.once("exit", (code) => said.reject(new Error(`berth start ended with ${code}: ${text}`)));
  return Promise.race([
    said.promise,
    delay(READY_MS_MAX, undefined, { ref: false }).then(() => {
      throw new Error("the fleet did not get ready");
    }),
  ]);
}

function tableOf(nodes: number, map: MapFigures): string {
  const { readyMs, assetBytes, firstViewBytes, churnBytesPerSecond, watching, dragging } = map;
  const frames = ({ framesPerSecond, longestFrameMs }: Frames): string =>
    `${framesPerSecond} frames/s, longest ${longestFrameMs} ms`;
  const rows = [
    ["nodes", String(nodes)],
    ["on the screen after", `${readyMs} ms`],
    ["page, style, modules", `${assetBytes} bytes`],
    ["first views", `${firstViewBytes} bytes`],
    ["while pods come and go", `${churnBytesPerSecond} bytes/s`],
    ["looked at", frames(watching)],
    ["dragged about", frames(dragging)],
  ];
  const cells = rows.map((row) => row.map((text) => ({ text })));
  return textTable(["the cluster map", ""], cells, { hasColour: false });
}
