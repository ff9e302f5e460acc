// The suite's cases: each screen in light, dark and narrow; by keyboard alone; loading, empty and with parts away.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Browser, chromium } from "playwright-core";
import { createLogger } from "#runtime/logger.ts";
import { systemClock } from "#runtime/clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { answerCases } from "./answer-cases.ts";
import { reportCases } from "./report-cases.ts";
import { NOBODY, type StartedFleet, startFleet, startUi } from "./ui-under-test.ts";
import { type WatchedPage, watchedPage } from "./watched-page.ts";

interface SuiteOptions {
  /** A folder, for people to look at. */
  readonly screenshots: string | undefined;
  readonly nodes: number;
}

/** A screen's address, the question that is its title, and a text that is there once it has its answer. */
interface Look {
  readonly name: string;
  readonly hash: string;
  readonly title: RegExp;
  readonly answer: RegExp;
}

const SHOWN = [
  { kind: "light", scheme: "light", width: 1440 },
  { kind: "dark", scheme: "dark", width: 1440 },
  { kind: "narrow", scheme: "light", width: 400 },
] as const;
/** Savings and what-ifs of 5,000 nodes. */
const COMPUTED_MS_MAX = 280_000;

export function registerCases(executablePath: string, { screenshots, nodes }: SuiteOptions): void {
  let fleet: StartedFleet;
  let browser: Browser;

  before(async () => {
    if (screenshots !== undefined) mkdirSync(screenshots, { recursive: true });
    [fleet, browser] = await Promise.all([
      startFleet(nodes),
      // Of what the suite itself serves on loopback; sandboxes need rights that containers often lack.
      chromium.launch({ executablePath, args: ["--no-sandbox"] }),
    ]);
  });

  after(async () => {
    await browser.close();
    await fleet.stop();
  });

  test("every screen answers its question, in light, dark and narrow, without errors, strangers or serious findings", async (t) => {
    for (const look of await looks(fleet.ui)) {
      await t.test(look.name, async () => {
        await lookAt(look);
      });
    }
  });

  async function lookAt({ name, hash, title, answer }: Look): Promise<void> {
    const watched = await watchedPage(browser);
    const { page } = watched;
    await page.goto(`${fleet.ui}/#/${hash}`);
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    await page.getByText(answer).first().waitFor({ timeout: COMPUTED_MS_MAX });
    assert.match(await page.title(), title, "the tab is named by the question");
    for (const { kind, scheme, width } of SHOWN) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      const overflow = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
      assert.ok(overflow <= 0, `${name}, ${kind}: the page is wider than its window by ${overflow} px`);
      if (kind !== "narrow") assert.deepEqual(await watched.accessibility(), [], `${name}, ${kind}`);
      if (screenshots !== undefined)
        await page.screenshot({ path: join(screenshots, `${name}-${kind}.png`), fullPage: true });
    }
    await done(watched);
  }

  answerCases(() => ({ fleet, browser }));
  reportCases({ browser: () => browser, screenshots });

  test("the way through the screens and a what-if go by keyboard alone", async () => {
    const watched = await watchedPage(browser);
    const { page } = watched;
    await page.goto(fleet.ui);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Skip to the content", "the first stop leads past the head");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate("document.activeElement.id"), "content");
    await page.getByRole("link", { name: "What if?" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: /What would happen if/ }).waitFor();
    await page.locator("h1:focus").waitFor();
    await page.getByRole("link", { name: /emptiest nodes/ }).focus();
    await page.keyboard.press("Enter");
    await page.getByLabel(/How many of/).focus();
    await page.keyboard.press("Control+A");
    await page.keyboard.type("2");
    await page.keyboard.press("Enter");
    await page.getByText(/^Computed/).waitFor({ timeout: COMPUTED_MS_MAX });
    await page.getByRole("heading", { name: "If the 2 emptiest nodes were drained" }).waitFor();
    await done(watched);
  });

  test("prices that are edited change the money, and are kept", async () => {
    const watched = await watchedPage(browser);
    const { page } = watched;
    await page.goto(`${fleet.ui}/#/savings`);
    await page.getByText(/^Computed/).waitFor({ timeout: COMPUTED_MS_MAX });
    await page.getByLabel("Currency").fill("EUR");
    await page.getByLabel("A core, an hour").fill("0.5");
    await page.getByLabel("A core, an hour").blur();
    await page
      .getByText(/\d EUR$/)
      .first()
      .waitFor();
    await page.reload();
    await page
      .getByText(/\d EUR$/)
      .first()
      .waitFor();
    assert.equal(await page.getByLabel("A core, an hour").inputValue(), "0.5");
    await done(watched);
  });

  test("what cannot be asked is refused with where and how to mend it", async () => {
    for (const query of [
      "kind=drain&count=0",
      "kind=loseZone",
      "kind=explode&count=1",
      "colour=red&count=1",
    ]) {
      const response = await fetch(`${fleet.ui}/api/screens/what-if?${query}`);
      const isForm = query === "kind=loseZone";
      assert.equal(response.status, isForm ? 200 : 400, query);
      if (!isForm) assert.match(((await response.json()) as { error: string }).error, /\w+/);
      else await response.body?.cancel();
    }
    const watched = await watchedPage(browser);
    const { page } = watched;
    await page.goto(`${fleet.ui}/#/what-if?kind=loseZone&zone=moon`);
    await page.getByText(/no node is in zone "moon"; the nodes' zones: zone-a/).waitFor();
    await done(watched);
  });

  test("a screen that has no answer yet says that it loads", async () => {
    const watched = await watchedPage(browser);
    const { page } = watched;
    const { promise, resolve } = Promise.withResolvers<void>();
    await page.route("**/api/stream/**", async (route) => {
      await promise;
      await route.continue();
    });
    await page.goto(`${fleet.ui}/#/why-size`);
    await page.getByText("Loading…").waitFor();
    resolve();
    await page.getByText(/Node proxies: short ones first/).waitFor();
    await done(watched);
  });

  test("an empty cluster has words on every screen instead of nothing", async () => {
    const api = new LoopbackApi({
      clock: systemClock(),
      serverClock: systemClock(),
      logger: createLogger("empty", "silent"),
      random: (
        (random) => () =>
          random.next()
      )(new SeededRandom(1)),
    });
    const { url: apiServer } = await api.listen({ host: "127.0.0.1", port: 0 });
    const ui = await startUi({ apiServer, extenderUrl: NOBODY, recommenderUrl: NOBODY });
    try {
      const watched = await watchedPage(browser);
      const { page } = watched;
      const empty: readonly (readonly [string, RegExp])[] = [
        ["map", /no node|There is none|No node/i],
        ["app", /No pod is in the mesh yet/],
        ["why-pod", /No pod waits for a node/],
        ["why-size", /No node has a proxy yet/],
        ["savings", /No pod is in the mesh yet/],
        ["what-if", /Choose a change/],
      ];
      for (const [screen, words] of empty) {
        await page.goto(`${ui.url}/#/${screen}`);
        await page.getByText(words).first().waitFor();
        assert.deepEqual(await watched.accessibility(), [], `${screen}, empty`);
      }
      await done(watched);
    } finally {
      await ui.stop();
      await api.close();
    }
  });

  test("with the extender away its screen says so and how to mend it, and the others go on", async () => {
    const ui = await startUi({
      apiServer: fleet.api,
      extenderUrl: NOBODY,
      recommenderUrl: fleet.recommender,
    });
    try {
      const watched = await watchedPage(browser);
      const { page } = watched;
      await page.goto(`${ui.url}/#/why-pod?pod=${encodeURIComponent("shop/nobody")}`);
      await page
        .getByText(/The extender is not reached/)
        .first()
        .waitFor();
      await page
        .getByText(/berth doctor/)
        .first()
        .waitFor();
      assert.deepEqual(await watched.accessibility(), []);
      await page.goto(`${ui.url}/#/why-size?node=node-0000`);
      await page.getByText(/its target is/).waitFor();
      await done(watched);
    } finally {
      await ui.stop();
    }
  });

  test("with the API server away every screen says so, and a UI that ends leaves what was seen", async () => {
    const ui = await startUi({ apiServer: NOBODY, extenderUrl: NOBODY, recommenderUrl: NOBODY });
    let isRunning = true;
    try {
      const watched = await watchedPage(browser);
      const { page } = watched;
      for (const screen of ["map", "app", "why-pod", "why-size", "what-if"]) {
        await page.goto(`${ui.url}/#/${screen}`);
        await page
          .getByText(/The cluster has not been listed yet/)
          .first()
          .waitFor();
      }
      await page.goto(`${ui.url}/#/savings`);
      await page
        .getByText(/The cluster was not read/)
        .first()
        .waitFor();
      assert.deepEqual(await watched.accessibility(), []);
      assert.deepEqual(watched.faults, []);
      await ui.stop();
      isRunning = false;
      await page.getByText(/The UI's server does not answer/).waitFor();
      await page.close();
    } finally {
      if (isRunning) await ui.stop();
    }
  });
}

async function done({ page, faults }: WatchedPage): Promise<void> {
  assert.deepEqual(faults, []);
  await page.close();
}

async function focused(page: WatchedPage["page"]): Promise<string> {
  return String(await page.evaluate("document.activeElement.textContent"));
}

/** The screens with something of the fleet to ask about; pods come in the first seconds. */
async function looks(ui: string): Promise<readonly Look[]> {
  const { pod, node } = await subjects(ui);
  return [
    { name: "map", hash: "map", title: /Where is room/, answer: /node-0000|Colour by/ },
    { name: "apps", hash: "app", title: /\?/, answer: /shop\// },
    { name: "app", hash: `app?app=${encodeURIComponent("shop/cart")}`, title: /\?/, answer: /shop\/cart/ },
    { name: "why-pod-choice", hash: "why-pod", title: /Why is a pod where it is\?/, answer: /Some that run/ },
    {
      name: "why-pod",
      hash: `why-pod?pod=${encodeURIComponent(pod)}`,
      title: /Why is .* where it is\?/,
      answer: /nodes judged|No decision about it is kept/,
    },
    {
      name: "why-size-choice",
      hash: "why-size",
      title: /Why does a node's proxy/,
      answer: /Node proxies: short/,
    },
    {
      name: "why-size",
      hash: `why-size?node=${node}`,
      title: /Why does node-\d+'s proxy have its size\?/,
      answer: /What adds up to it/,
    },
    { name: "savings", hash: "savings", title: /What does the mesh cost/, answer: /^Computed/ },
    { name: "what-if-form", hash: "what-if", title: /What would happen if/, answer: /Choose a change/ },
    {
      name: "what-if-zone",
      hash: "what-if?kind=loseZone&zone=zone-a",
      title: /What would happen if/,
      answer: /^Computed/,
    },
    {
      name: "what-if-cap",
      hash: "what-if?kind=cap&cap=2",
      title: /What would happen if/,
      answer: /^Computed/,
    },
  ];
}

async function subjects(ui: string): Promise<{ readonly pod: string; readonly node: string }> {
  const asked = async (screen: string): Promise<unknown> =>
    (await fetch(`${ui}/api/screens/${screen}`, { signal: AbortSignal.timeout(10_000) })).json();
  const clock = systemClock();
  for (;;) {
    const { found } = (await asked("why-pod")) as { readonly found: readonly { readonly pod: string }[] };
    const { nodes } = (await asked("why-size")) as { readonly nodes: readonly { readonly node: string }[] };
    // The replay's own: those of the examples were placed before the extender kept anything.
    const pod = found.find((line) => line.pod.startsWith("trace/"))?.pod;
    const node = nodes[0]?.node;
    if (pod !== undefined && node !== undefined) return { pod, node };
    await new Promise<void>((resolve) => void clock.after(250, resolve));
  }
}
