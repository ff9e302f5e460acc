// The reports that `berth plan`, `berth sim` and `berth sweep` write, as somebody opens them: a file, light and dark, on a
// narrow window and on paper.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { runPlan } from "#cli/plan/plan-command.ts";
import { runSim } from "#cli/sim/sim-command.ts";
import { runSweep } from "#cli/sweep/sweep-command.ts";
import { watchedPage } from "./watched-page.ts";

interface ReportsUnderTest {
  readonly browser: () => Browser;
  /** A folder, for people to look at. */
  readonly screenshots: string | undefined;
}

const SHOWN = [
  { kind: "light", media: "screen", scheme: "light", width: 1280 },
  { kind: "dark", media: "screen", scheme: "dark", width: 1280 },
  { kind: "narrow", media: "screen", scheme: "light", width: 400 },
  // A4 at 96 pixels an inch.
  { kind: "paper", media: "print", scheme: "light", width: 794 },
] as const;

const QUIET = { out: () => undefined, progress: () => undefined, isTerminal: false, hasColour: false };

export function reportCases({ browser, screenshots }: ReportsUnderTest): void {
  test("reports open from a file, fit every window and a sheet of paper, and ask nobody for anything", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "berth-reports-"));
    try {
      for (const [name, write] of Object.entries(REPORTS)) {
        const html = join(folder, `${name}.html`);
        await write(html, folder);
        await t.test(name, () => lookAt(html, name));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  async function lookAt(html: string, name: string): Promise<void> {
    const { page, faults, accessibility } = await watchedPage(browser());
    await page.goto(pathToFileURL(html).href);
    assert.match(await page.title(), /\?$/, "a report answers a question");
    for (const { kind, media, scheme, width } of SHOWN) {
      await page.emulateMedia({ media, colorScheme: scheme });
      await page.setViewportSize({ width, height: 1123 });
      const overflow = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
      assert.ok(overflow <= 0, `${name}, ${kind}: wider than it has room for by ${overflow} px`);
      if (media === "screen") assert.deepEqual(await accessibility(), [], `${name}, ${kind}`);
      if (screenshots !== undefined)
        await page.screenshot({ path: join(screenshots, `report-${name}-${kind}.png`), fullPage: true });
    }
    assert.deepEqual(faults, []);
    await page.close();
  }
}

type WriteReport = (html: string, folder: string) => Promise<void>;

const REPORTS: Readonly<Record<string, WriteReport>> = {
  async plan(html, folder) {
    const snapshot = join(folder, "cluster.json");
    writeFileSync(snapshot, JSON.stringify({ kind: "List", items: [...someNodes(), ...somePods()] }));
    await runPlan(["--snapshot", snapshot, "--html", html], QUIET);
  },
  async sim(html) {
    const policies = "sidecar-quarter,kube-default,berth";
    await runSim(["--pods", "200", "--nodes", "20", "--policy", policies, "--html", html], QUIET);
  },
  async sweep(html, folder) {
    const scenario = join(folder, "sweep.yaml");
    writeFileSync(scenario, SWEEP);
    const signal = new AbortController().signal;
    const argv = ["--scenario", scenario, "--out", join(folder, "results"), "--html", html];
    await runSweep(argv, { ...QUIET, environment: {}, signal });
  },
};

const SWEEP = `apiVersion: sim.berth.dev/v1alpha1
kind: Scenario
workload: { generator: { pods: 60, spanSeconds: 3600, podSize: 0.25 } }
fleet: { shapes: [{ count: 6, cpu: 16, memory: 64Gi, zones: [a, b] }] }
policies: [sidecar-fixed, kube-default, berth]
seeds: [1, 2, 3]
sweep: { parameters: { mesh.podsPerNodeMax: [2, 10] }, survey: true }
`;

function someNodes(): readonly object[] {
  return Array.from({ length: 6 }, (_, index) => ({
    kind: "Node",
    metadata: { name: `worker-${index}`, labels: { "topology.kubernetes.io/zone": `zone-${index % 2}` } },
    status: { allocatable: { cpu: "8", memory: "16Gi", pods: "110" } },
  }));
}

/** Five of each app, on as many nodes; those of the last keep a volume. */
function somePods(): readonly object[] {
  return Array.from({ length: 30 }, (_, index) => {
    const app = `app-${index % 6}`;
    const requests = (cpu: string, memory: string) => ({ resources: { requests: { cpu, memory } } });
    return {
      kind: "Pod",
      metadata: {
        uid: `pod-${index}`,
        name: `${app}-${index}`,
        namespace: "shop",
        ownerReferences: [{ uid: app, kind: "StatefulSet", name: app, controller: true }],
      },
      spec: {
        nodeName: `worker-${Math.floor(index / 5)}`,
        containers: [
          { name: "main", ...requests("500m", "1Gi") },
          { name: "istio-proxy", ...requests("100m", "128Mi") },
        ],
        ...(app === "app-5" && { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] }),
      },
      status: { phase: "Running" },
    };
  });
}
