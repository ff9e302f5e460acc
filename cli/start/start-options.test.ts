import assert from "node:assert/strict";
import { test } from "node:test";
import { checkFlags, readFlags } from "#runtime/flags.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { GIB } from "#test/builders/sizes.ts";
import { type StartOptions, startOptions, startSettings } from "./start-options.ts";

function optionsOf(...argv: readonly string[]): StartOptions {
  return startOptions(checkFlags(startSettings, readFlags(startSettings, argv)));
}

test("without options a fleet of 50 nodes of 32 cores replays a minute a second", () => {
  const { nodes, nodeSize, speed, seed, headless, json } = optionsOf();
  assert.deepEqual(
    { nodes, nodeSize, speed, seed, headless, json },
    {
      nodes: 50,
      nodeSize: { cpuMilli: 32_000, memoryBytes: 128 * GIB },
      speed: 60,
      seed: 1,
      headless: false,
      json: false,
    },
  );
});

test("speed is a number of trace seconds or max", () => {
  assert.equal(optionsOf("--speed", "max").speed, "max");
  assert.equal(optionsOf("--speed", "0.5").speed, 0.5);
});

test("a node's size rounds down, since capacity does", () => {
  assert.deepEqual(optionsOf("--node-size", "1.0005,1.5").nodeSize, { cpuMilli: 1_000, memoryBytes: 1 });
});

test("what cannot be read is named, with what it should be", () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--speed", "fast"], /^--speed: "fast" is neither a number/],
    [["--speed", "0"], /^--speed: "0" is neither/],
    [["--speed", "100001"], /^--speed: /],
    [
      ["--node-size", "32"],
      /^--node-size: "32" is not CPU,MEMORY such as 32,128Gi: two quantities are needed$/,
    ],
    [["--node-size", "32,128Gi,5"], /two quantities are needed$/],
    [["--node-size", "many,128Gi"], /^--node-size: .*"many" is not a quantity/],
    [["--node-size", "0,128Gi"], /a node has some of each$/],
    [["--nodes", "0"], /^--nodes: /],
    [["--nodes", "5001"], /^--nodes: /],
    [["--pods", "100001"], /^--pods: /],
    [["--resize-faults", "1.5"], /^--resize-faults: /],
    [["--ports", "any"], /^--ports: /],
    [["--sped", "1"], /Unknown option '--sped'/],
  ];
  for (const [argv, expected] of cases) {
    assert.throws(
      () => optionsOf(...argv),
      (error) => {
        assert.ok(error instanceof UsageError, argv.join(" "));
        assert.match(error.message, expected);
        return true;
      },
    );
  }
});
