import assert from "node:assert/strict";
import { test } from "node:test";
import {
  readExplainAppOptions,
  readExplainNodeOptions,
  readExplainPodOptions,
} from "../explain/explain-options.ts";
import { addressTable } from "./address-table.ts";

const URLS = {
  api: "http://127.0.0.1:8001",
  verbs: "http://127.0.0.1:9443",
  extender: "http://127.0.0.1:9090",
  recommender: "http://127.0.0.1:9091",
  proxies: ["http://127.0.0.2:9092", "http://127.0.0.3:9092"],
  ui: "http://127.0.0.1:8080",
};

test("the screen names what listens where and what to do next, by commands that are ones", () => {
  const text = addressTable(URLS, { readySeconds: 3.14, speed: 60 });
  for (const url of Object.values(URLS).flat()) assert.ok(text.includes(url), url);
  assert.match(text, /^Berth is ready after 3\.1 s\.$/m);
  assert.match(text, /^A trace of pods is played now, 60 of its seconds in one; Ctrl-C ends everything/m);
  const asked = [...text.matchAll(/^ {2}npm run -s berth -- explain (\S.*?) +# /gm)].map(([, words = ""]) =>
    words.split(/ +/),
  );
  const readers = { pod: readExplainPodOptions, node: readExplainNodeOptions, app: readExplainAppOptions };
  assert.deepEqual(
    asked.map(([kind]) => kind),
    ["app", "pod", "node"],
  );
  for (const words of asked) {
    const [kind] = words as [keyof typeof readers];
    assert.equal(readers[kind](words).apiServer, URLS.api);
  }
});

test("a replay in lockstep says that nothing paces it", () => {
  assert.match(
    addressTable(URLS, { readySeconds: 1, speed: "max" }),
    /as fast as every part keeps up; Ctrl-C/,
  );
});
