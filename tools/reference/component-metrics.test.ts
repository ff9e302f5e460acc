// What every metric of every component is held to: its name, its unit, its text, and labels of closed sets.

import assert from "node:assert/strict";
import { test } from "node:test";
import { RELEASE_PHASES } from "#model/release.ts";
import { REJECTIONS } from "#model/verdict.ts";
import { BYPASSED } from "#proxy/policy/bypass-count.ts";
import { REASONS } from "#proxy/policy/reasons.ts";
import { DIRECTIONS } from "#proxy/shell/instance-counters.ts";
import { SIGNING_REASONS } from "#scheduler-extender/policy/signing/signing-reasons.ts";
import { componentMetrics } from "./component-metrics.ts";
import { LABEL_BOUNDS } from "./label-bounds.ts";

const components = await componentMetrics();
const all = components.flatMap(({ metrics }) => metrics);

/** Anything but Prometheus's base units. */
const OTHER_UNITS =
  /_(ns|us|ms|milliseconds|minutes|hours|days|milli|millicores|mcpu|kb|kib|mb|mib|gb|gib|kilobytes|megabytes|bits|percent|pct)(_|$)/;
/** What is measured says in what, at the end or before _total. */
const MEASURED: readonly (readonly [RegExp, RegExp])[] = [
  [/^(time|age|how long|cpu time)\b/i, /_seconds(_total)?$/],
  [/^(memory|resident memory|bytes|used heap)\b/i, /_bytes(_total)?$/],
  [/\b(ratio|share of)\b/i, /_ratio$/],
];

test("every component has metrics, each under the name of the component or of a part of it and once", () => {
  for (const { component, subsystems, metrics } of components) {
    assert.ok(metrics.length > 10, component);
    const own = new RegExp(`^berth_(${subsystems.join("|")})_`);
    for (const { name } of metrics) assert.match(name, own);
  }
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
});

test("names are words of lower case, in base units; what only rises ends in _total and nothing else does", () => {
  for (const { name, type } of all) {
    assert.match(name, /^[a-z]+(_[a-z]+)+$/);
    assert.doesNotMatch(name, OTHER_UNITS);
    assert.equal(name.endsWith("_total"), type === "counter", `${name} is a ${type}`);
    if (type === "histogram") assert.match(name, /_(seconds|bytes)$/);
    assert.match(type, /^(counter|gauge|histogram)$/, name);
  }
});

test("what measures time or memory says so by its unit", () => {
  for (const { name, help } of all)
    for (const [measures, unit] of MEASURED)
      if (measures.test(help)) assert.match(name, unit, `${name}: ${help}`);
});

test("every metric says what it means in a sentence of its own", () => {
  for (const { name, help } of all) {
    assert.ok(help.length >= 20 && help.endsWith("."), `${name}: ${help}`);
    assert.doesNotMatch(help, new RegExp(name), "its name says nothing more");
  }
  assert.equal(new Set(all.map(({ help }) => help)).size, all.length, "no two mean the same");
});

test("every label is of a closed set with a stated bound, and every bound is of a label", () => {
  for (const { name, labels } of all)
    for (const label of labels) assert.ok(Object.hasOwn(LABEL_BOUNDS, label), `${name}: ${label}`);
  const used = new Set(all.flatMap(({ labels }) => labels));
  assert.deepEqual(
    Object.keys(LABEL_BOUNDS).filter((label) => !used.has(label)),
    [],
  );
  for (const { name, labels, seriesEach } of all) {
    assert.ok(labels.filter((label) => label === "app").length <= 1);
    // Nothing that names a pod, a node or an address: those would be without end.
    for (const label of labels) assert.doesNotMatch(label, /pod|node|ip|address|user|path|url/, name);
    assert.ok(seriesEach <= 32, `${name} has ${seriesEach} series each`);
  }
});

/** Labels whose values no one word says. */
const SPELLED_OUT = new Set([
  "outcome",
  "fault",
  "verdict",
  "kind",
  "source",
  "state",
  "route",
  "guess",
  "reason",
]);

test("a label's values stand in the metric's meaning, or the meaning says where they do", () => {
  for (const { name, help, labels } of all)
    if (labels.some((label) => SPELLED_OUT.has(label)))
      assert.match(help, /:|\(reference\/reasons\.md\)/, name);
});

test("the sets that can be counted are within their bounds", () => {
  const counted: Readonly<Record<string, number>> = {
    reason: Math.max(Object.keys(REASONS).length, Object.keys(REJECTIONS).length),
    outcome: Object.keys(SIGNING_REASONS).length + 1,
    direction: DIRECTIONS.length,
    destination: BYPASSED.length,
    phase: RELEASE_PHASES.length,
  };
  for (const [label, size] of Object.entries(counted)) {
    const max = LABEL_BOUNDS[label]?.valuesMax ?? 0;
    assert.ok(size > 0 && size <= max, `${label}: ${size} values, ${max} allowed`);
  }
});
