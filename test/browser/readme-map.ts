// `npm run screenshot`: the picture of the cluster map in README.md, made anew of a simulated fleet in a real Chromium.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { systemClock } from "#runtime/clock.ts";
import { chromiumPath } from "./chromium-path.ts";
import { startFleet } from "./ui-under-test.ts";

const PICTURE = fileURLToPath(new URL("../../docs/cluster-map.png", import.meta.url));
/** A third of an hour of the trace, which takes as many seconds, fills half of them: with fewer in use there is little to see. */
const NODES = 30;
const FLAGS = ["--pods", "2000"];
const MESH_PODS_MIN = 480;
const FILLED_MS_MAX = 180_000;
const SIZE = { width: 1200, height: 800 };
/** Whoever clones the repository pays for it. */
const BYTES_MAX = 150_000;

const executablePath = chromiumPath();
if (executablePath === undefined) throw new Error("chromium is not installed");
const fleet = await startFleet(NODES, FLAGS);
try {
  await whenFilled(fleet.ui);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: SIZE, colorScheme: "light" });
    await page.goto(`${fleet.ui}/#/map`);
    await page.locator(".map-frame canvas").waitFor();
    // The tiles fade in, and the first figures settle.
    await after(2_000);
    const png = await page.screenshot();
    if (png.length > BYTES_MAX) throw new Error(`${png.length} bytes are more than the README may carry`);
    writeFileSync(PICTURE, png);
    process.stdout.write(`docs/cluster-map.png: ${png.length} bytes; say in README.md what it shows\n`);
  } finally {
    await browser.close();
  }
} finally {
  await fleet.stop();
}

async function whenFilled(ui: string): Promise<void> {
  const deadlineMs = performance.now() + FILLED_MS_MAX;
  for (;;) {
    const response = await fetch(`${ui}/api/screens/overview`);
    const { totals } = (await response.json()) as { readonly totals: { readonly meshPods: number } };
    if (totals.meshPods >= MESH_PODS_MIN) return;
    if (performance.now() > deadlineMs) throw new Error(`only ${totals.meshPods} mesh pods run by now`);
    await after(250);
  }
}

async function after(ms: number): Promise<void> {
  await new Promise<void>((resolve) => void systemClock().after(ms, resolve));
}
