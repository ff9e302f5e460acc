// A page that remembers what nobody should see: errors on its console, and requests to other hosts.

import axe from "axe-core";
import type { Browser, Page } from "playwright-core";

export interface WatchedPage {
  readonly page: Page;
  /** Errors on the console and requests off the host, in order. */
  readonly faults: readonly string[];
  /** What axe finds that is serious or critical, in words. */
  accessibility(): Promise<readonly string[]>;
}

const SIZE = { width: 1440, height: 900 };
/** What a screen may take to appear: on a busy machine, not on a good one. */
const WAIT_MS_MAX = 20_000;

export async function watchedPage(browser: Browser): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: SIZE });
  page.setDefaultTimeout(WAIT_MS_MAX);
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    // A report is a file itself, and what it has is in it.
    if (protocol !== "data:" && protocol !== "file:" && hostname !== "127.0.0.1")
      faults.push(`request to ${hostname}`);
  });
  return { page, faults, accessibility: () => accessibility(page) };
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly help: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

// By the protocol and not by a script tag: the page's own policy allows no script but its own.
async function accessibility(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate("axe.run()")) as AxeResult;
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html ?? ""}`);
}
