// What screens answer where the answer is no: a pod that fits nowhere, searches without a hit, addresses that are wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import type { StartedFleet } from "./ui-under-test.ts";
import { createPod, createProfile, deletePod } from "./waiting-pod.ts";
import { watchedPage } from "./watched-page.ts";

/** Of a fleet's node, all but its proxy's 150m and 10m more: A has room on an empty one, and B, some hundreds, has not. */
const ALL_BUT_B = 31_840;
/** kube-scheduler's stand-in tries a pod again after a while, and a busy machine takes longer. */
const PLACED_MS_MAX = 60_000;

export interface UnderTest {
  readonly fleet: StartedFleet;
  readonly browser: Browser;
}

export function answerCases(underTest: () => UnderTest): void {
  test("of a pod that waits the screen says which nodes lack what, and what it says would help does help", async () => {
    const { fleet, browser } = underTest();
    await createProfile(fleet.api);
    await createPod(fleet.api, { name: "large-0", cpu: `${ALL_BUT_B}m` });
    const watched = await watchedPage(browser);
    const { page } = watched;
    await page.goto(`${fleet.ui}/#/why-pod`);
    await page.getByRole("link", { name: "shop/large-0" }).click({ timeout: PLACED_MS_MAX });
    await page.getByRole("heading", { level: 1, name: "Why is shop/large-0 where it is?" }).waitFor();
    await page.getByText("shop/large-0 waits for a node.").waitFor();
    const helps = page.getByRole("region", { name: "What would help it?" });
    await helps
      .getByRole("heading", { name: /^\d+ nodes?: insufficient resources for the pod and its share/ })
      .waitFor();
    const verdicts = page.getByRole("table", { name: "Nodes that were judged, by verdict" }).first();
    assert.ok((await verdicts.getByRole("row").count()) >= 2, "a head and a verdict");
    assert.deepEqual(await watched.accessibility(), []);
    await helps.getByText("kubectl -n shop describe pod large-0").waitFor();
    assert.match(await helps.innerText(), /Free \d+m CPU on node-\d{4}\./);
    const [, less] = /have it request (\d+)m CPU less: then node-\d{4} takes it/.exec(
      await helps.innerText(),
    ) ?? [undefined, ""];
    assert.ok(Number(less) > 0, await helps.innerText());

    await createPod(fleet.api, { name: "large-1", cpu: `${ALL_BUT_B - Number(less)}m` });
    await page.goto(`${fleet.ui}/#/why-pod?pod=${encodeURIComponent("shop/large-1")}`);
    await page.getByText(/shop\/large-1 runs on node-\d{4}, /).waitFor({ timeout: PLACED_MS_MAX });
    await Promise.all(["large-0", "large-1"].map((name) => deletePod(fleet.api, name)));
    await page.getByText(/shop\/large-1 is not there any more/).waitFor();
    await page.goto(`${fleet.ui}/#/why-pod`);
    await page.getByText(/Waiting for a node|No pod waits/).waitFor();
    await page.getByRole("link", { name: "shop/large-0" }).waitFor({ state: "detached" });
    assert.deepEqual(watched.faults, []);
    await page.close();
  });

  test("an app's instances have what was measured of them", async () => {
    const { fleet, browser } = underTest();
    const watched = await watchedPage(browser);
    const { page } = watched;
    await page.goto(`${fleet.ui}/#/app?app=${encodeURIComponent("shop/cart")}`);
    const instances = page.getByRole("table", { name: /^\d+ instances?, / });
    await instances.getByRole("row").nth(1).waitFor();
    const cells = instances.getByRole("row").nth(1).getByRole("cell");
    const column = async (name: string): Promise<string> => {
      const heads = await instances.getByRole("columnheader").allInnerTexts();
      // The row's own head is no cell.
      return (await cells.nth(heads.indexOf(name) - 1).innerText()).trim();
    };
    await instances
      .getByText(/^\d+(\.\d+)?m?( CPU)?$/)
      .first()
      .waitFor();
    assert.match(await column("Memory used"), /^[\d.]+ MiB$/);
    assert.match(await column("Requests a second"), /^[\d.]+$/);
    assert.deepEqual(watched.faults, []);
    await page.close();
  });

  test("a search without a hit says so", async () => {
    const { fleet, browser } = underTest();
    const watched = await watchedPage(browser);
    const { page } = watched;
    for (const [screen, label, words] of [
      ["why-pod", "Pods whose name holds", "None that runs is called so."],
      ["why-size", "Nodes whose name holds", "No node with a proxy is called so."],
      ["app", "Name contains", "No app's name contains “nothing-like-this”."],
    ] as const) {
      await page.goto(`${fleet.ui}/#/${screen}`);
      await page.getByLabel(label).fill("nothing-like-this");
      await page.getByLabel(label).press("Enter");
      await page.getByText(words).waitFor();
      assert.deepEqual(await watched.accessibility(), [], `${screen}, no hit`);
    }
    assert.deepEqual(watched.faults, []);
    await page.close();
  });

  test("an address that asks for nothing there is gets words, not a blank page", async () => {
    const { fleet, browser } = underTest();
    const watched = await watchedPage(browser);
    const { page } = watched;
    for (const [address, words] of [
      ["nowhere", /There is no such screen/],
      ["%E0%A4%A", /There is no such screen/],
      ["why-pod?pod=nonsense", /is not NAMESPACE\/NAME/],
      ["why-pod?pod=shop%2Fnobody", /nobody/],
      ["why-size?node=nobody", /nobody/],
      ["why-size?node=No+Node", /is no node's name/],
      ["app?app=shop%2Fnone", /there is no app shop\/none/],
      ["map?node=nobody", /nobody|Where is room/],
    ] as const) {
      await page.goto(`${fleet.ui}/#/${address}`);
      await page.reload();
      await page.getByText(words).first().waitFor();
      assert.deepEqual(await watched.accessibility(), [], address);
    }
    // A refused stream is an error to the browser's console, too.
    assert.deepEqual(
      watched.faults.filter((fault) => !/status of 40[04]/.test(fault)),
      [],
    );
    await page.close();
  });
}
