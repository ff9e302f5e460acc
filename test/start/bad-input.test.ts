import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FIXED_PORTS } from "#cli/start/parts.ts";
import { berth } from "./berth-process.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-bad-input-"));
const malformed = join(folder, "malformed.csv");
const listener = createServer();

before(async () => {
  writeFileSync(malformed, "pod,app,cpu,mem_gib,create_s,delete_s\np1,a,1,1,0,10\np2,a,many,1,0,10\n");
  // Whoever holds the port already does as well.
  await new Promise<void>((resolve) => {
    listener.once("error", () => resolve());
    listener.listen(FIXED_PORTS.api, "127.0.0.1", resolve);
  });
});

after(() => {
  listener.close();
  rmSync(folder, { recursive: true });
});

const cases: readonly {
  readonly what: string;
  readonly args: readonly string[];
  readonly says: readonly string[];
}[] = [
  { what: "an unknown option", args: ["start", "--nods", "3"], says: ["--nods", "--help"] },
  {
    what: "a trace that is not there",
    args: ["start", "--trace", join(folder, "none.csv")],
    says: ["none.csv"],
  },
  {
    what: "a malformed trace",
    args: ["start", "--trace", malformed],
    says: [`${malformed}:3`, "cpu", "pod,app,cpu,mem_gib,create_s,delete_s"],
  },
  { what: "a port in use", args: ["start", "--ports", "fixed"], says: [String(FIXED_PORTS.api), "in use"] },
  {
    what: "a fleet without room for the examples",
    args: ["start", "--ports", "free", "--nodes", "1"],
    says: ["--nodes"],
  },
  {
    what: "nodes smaller than their proxies",
    args: ["start", "--ports", "free", "--node-size", "100m,64Mi"],
    says: ["--node-size", "proxy"],
  },
  {
    what: "a node size that is none",
    args: ["start", "--node-size", "big"],
    says: ["--node-size", "32,128Gi"],
  },
  { what: "a speed that is none", args: ["start", "--speed", "fast"], says: ["--speed", "max"] },
  { what: "a number out of range", args: ["start", "--nodes", "0"], says: ["--nodes"] },
  { what: "a command that is none", args: ["begin"], says: ["begin", "berth --help"] },
];

for (const { what, args, says } of cases) {
  test(`${what} ends with exit code 2 and says what to mend`, async () => {
    const { code, stdout, stderr } = await berth(...args);
    assert.equal(code, 2, stderr);
    for (const part of says) assert.ok(stderr.includes(part), `"${stderr}" names ${part}`);
    assert.ok(!/^ +at /m.test(stderr), "no stack trace");
    assert.equal(stdout, "");
  });
}
