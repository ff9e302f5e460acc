import assert from "node:assert/strict";
import { test } from "node:test";

import { type ClientResults, ClientTrial, EXPECTED, type ProgramName, versionOf } from "./client-trial.ts";

/** Who asks the environment, by language; whoever does not is measured to the contrary. */
const HEEDING: Readonly<Record<ProgramName, readonly string[]>> = {
  curl: ["curl"],
  node: ["Node fetch", "Node http.request"],
  python: ["Python urllib", "Python requests"],
  go: ["Go http.DefaultClient"],
  java: ["Java HttpClient", "Java HttpURLConnection"],
};
/** These open a connection per request, here as anywhere. */
const WITHOUT_KEEP_ALIVE = new Set(["Python urllib"]);

for (const [name, heeding] of Object.entries(HEEDING) as [ProgramName, readonly string[]][]) {
  test(`${name}, given nothing but the injected environment, reaches Services and what is encrypted by its app's port`, async (context) => {
    if ((await versionOf(name)) === undefined) {
      context.skip(`${name} is not installed here`);
      return;
    }
    const trial = await ClientTrial.start(context);
    const results = (await trial.run(name)) ?? {};
    for (const [client, found] of Object.entries(results)) {
      if (heeding.includes(client)) checkHeeding(client, found);
      // Without the proxy the Service's name means nothing here, and what is encrypted is reached past it.
      else assert.match(found.hello, /^error: /, client);
      if (!heeding.includes(client) && found.encrypted !== undefined)
        assert.equal(found.encrypted, "past the proxy", client);
    }
    const { outbound, inbound } = trial.counts();
    assert.ok(inbound > 0 && outbound >= inbound, `${outbound} requests left, ${inbound} came`);
  });
}

function checkHeeding(client: string, { kept = "", ...found }: ClientResults): void {
  for (const [what, result] of Object.entries(found))
    assert.equal(result, EXPECTED[what as keyof typeof EXPECTED], `${client}: ${what}`);
  assert.equal(kept, WITHOUT_KEEP_ALIVE.has(client) ? "4" : "0", `${client}: kept`);
}
