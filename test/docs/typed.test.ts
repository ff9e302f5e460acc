// Documents' commands are typed as they stand: those that need no cluster and a few seconds here, the others by
// test/e2e/documents.e2e.ts; what neither runs has a reason.

import assert from "node:assert/strict";
import { test } from "node:test";
import { shellCommands } from "./shell-commands.ts";
import { TypingFolder } from "./typing-folder.ts";

const commands = shellCommands();

test("every command in a document's shell block is run by a test, or has a reason why not", (t) => {
  const unknown = commands.filter(({ run }) => run === undefined);
  assert.deepEqual(
    unknown.map(({ document, text }) => `${document}: ${text}`),
    [],
  );
  const notRun = commands.flatMap(({ run }) => (typeof run === "object" ? [run.notRun] : []));
  const reasons = [...Map.groupBy(notRun, (reason) => reason)].map(
    ([reason, { length }]) => `${length}: ${reason}`,
  );
  const runBy = (where: string): number => commands.filter(({ run }) => run === where).length;
  const read = new Set(commands.map(({ document }) => document)).size;
  t.diagnostic(
    `${commands.length} commands in ${read} documents: ${runBy("here")} run here, ${runBy("cluster")} by npm run e2e, ` +
      `${notRun.length} not run (${reasons.join("; ")})`,
  );
  assert.ok(runBy("here") >= 5 && runBy("cluster") >= 30);
});

test("the commands that need no cluster do what they say", { concurrency: 2 }, async (t) => {
  using folder = new TypingFolder();
  const mine = new Set(commands.filter(({ run }) => run === "here").map(({ text }) => text));
  await Promise.all(
    [...mine].map((text) =>
      t.test(text, async () => {
        assert.ok((await folder.type(text)).length > 100, "says something");
      }),
    ),
  );
});
