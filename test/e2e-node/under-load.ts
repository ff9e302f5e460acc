// Something happens to the proxy while clients use it, and none of them notices.

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { SteadyLoad } from "./steady-load.ts";

/** Load before and after what happens. */
const CALM_MS = 500;

/**
 * Does the work while clients ask, and then asserts that every request was answered, the ones in flight included, and
 * that no connection had to be opened anew.
 */
export async function underLoad<T>(
  t: TestContext,
  url: string,
  work: (load: SteadyLoad) => Promise<T>,
): Promise<T> {
  const load = new SteadyLoad(url);
  try {
    await setTimeout(CALM_MS);
    assert.ok(load.tally.inFlight > 0, "requests are in flight when it happens");
    const result = await work(load);
    await setTimeout(CALM_MS);
    const { answered, failures, connectionsOpened } = await load.stop();
    assert.deepEqual(failures, []);
    assert.equal(connectionsOpened, SteadyLoad.connections, "every connection stayed open");
    t.diagnostic(`${answered} requests answered, 0 failed, ${connectionsOpened} connections kept open`);
    return result;
  } finally {
    await load.stop();
  }
}
