import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#runtime/clock.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { runDoctor } from "./doctor-command.ts";

test("an API server that does not answer is said in one sentence, without a stack", async () => {
  await assert.rejects(
    runDoctor(["--api-server=http://127.0.0.1:1"], () => undefined),
    (error) => error instanceof UsageError && /the API server does not answer/.test(error.message),
  );
});

test("a simulated fleet, in which nothing is installed, is not called ill", async (t) => {
  const api = new LoopbackApi({ clock: systemClock() });
  t.after(() => api.close());
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  await assert.rejects(
    runDoctor([`--api-server=${url}`], () => undefined),
    (error) => error instanceof UsageError && /berth doctor is for clusters/.test(error.message),
  );
});
