import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { silentLogger } from "#runtime/logger.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { SqliteState } from "./sqlite-state.ts";

function aPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "berth-state-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "state.db");
}

function open(path: string, outcomes: string[] = []): SqliteState {
  const told = {
    stateShard: (outcome: string) => void outcomes.push(outcome),
    stateLeftOut: () => undefined,
  };
  return new SqliteState({ path, told, logger: silentLogger });
}

test("what was saved is there for the next one, and what is no longer saved is gone", async (t) => {
  const path = aPath(t);
  const first = open(path);
  await first.save(
    new Map([
      ["node/a", { lastMs: 1, state: { x: 1.5 } }],
      ["node/b", { lastMs: 2, state: { y: ["z"] } }],
    ]),
  );
  await first.save(new Map([["node/b", { lastMs: 3, state: { y: [] } }]]));
  first.close();
  const second = open(path);
  assert.deepEqual(await second.load(), new Map([["node/b", { lastMs: 3, state: { y: [] } }]]));
  second.close();
});

test("an entry that cannot be read is left out and said, and the others are taken", async (t) => {
  const path = aPath(t);
  const first = open(path);
  await first.save(
    new Map([
      ["node/a", { lastMs: 1, state: 1 }],
      ["node/b", { lastMs: 2, state: 2 }],
    ]),
  );
  first.close();
  const database = new DatabaseSync(path);
  database.exec("UPDATE entries SET state = '{' WHERE key = 'node/a'");
  database.close();
  const outcomes: string[] = [];
  const second = open(path, outcomes);
  assert.deepEqual([...(await second.load()).keys()], ["node/b"]);
  assert.deepEqual(outcomes, ["corrupt", "read"]);
  second.close();
});

test("a file of another program's, of a later version's, or that is no database is refused and not touched", (t) => {
  const foreign = aPath(t);
  const database = new DatabaseSync(foreign);
  database.exec("CREATE TABLE theirs (x)");
  database.close();
  assert.throws(() => open(foreign), refusal(/another program's/));

  const later = aPath(t);
  open(later).close();
  const raised = new DatabaseSync(later);
  raised.exec("PRAGMA user_version = 99");
  raised.close();
  assert.throws(() => open(later), refusal(/later version \(99\)/));

  const text = aPath(t);
  writeFileSync(text, "this is no database, and longer than a header would be: ".repeat(20));
  assert.throws(() => open(text), refusal(/not a database/));
});

function refusal(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof UsageError && message.test(error.message);
}
