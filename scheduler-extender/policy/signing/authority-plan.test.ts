import assert from "node:assert/strict";
import { test } from "node:test";
import {
  authorityStep,
  type AuthorityTimes,
  MESH_AUTHORITY_LIFE_MS,
  PUBLISHED_MS_MIN,
} from "./authority-plan.ts";
import { CERTIFICATE_LIFE_MS } from "./signing-verdict.ts";

const NOW_MS = 50 * MESH_AUTHORITY_LIFE_MS;

function present(remainingMs: number): AuthorityTimes["present"] {
  return { notBeforeMs: NOW_MS + remainingMs - MESH_AUTHORITY_LIFE_MS, notAfterMs: NOW_MS + remainingMs };
}

test("where there is none, one is made and signs at once", () => {
  assert.equal(authorityStep({ present: undefined, next: undefined }, NOW_MS), "begin");
});

test("it is kept for two thirds of its life, then its successor is announced", () => {
  const third = MESH_AUTHORITY_LIFE_MS / 3;
  assert.equal(authorityStep({ present: present(third), next: undefined }, NOW_MS), "keep");
  assert.equal(authorityStep({ present: present(third - 1), next: undefined }, NOW_MS), "announce");
});

test("a successor signs once its root has been published for as long as a certificate lives", () => {
  assert.ok(PUBLISHED_MS_MIN >= CERTIFICATE_LIFE_MS);
  const at = (ageMs: number) =>
    authorityStep({ present: present(1e9), next: { notBeforeMs: NOW_MS - ageMs } }, NOW_MS);
  assert.equal(at(PUBLISHED_MS_MIN - 1), "keep");
  assert.equal(at(PUBLISHED_MS_MIN), "promote");
});

test("a successor steps in at once where the present one is over or lost", () => {
  const next = { notBeforeMs: NOW_MS };
  assert.equal(authorityStep({ present: present(0), next }, NOW_MS), "promote");
  assert.equal(authorityStep({ present: undefined, next }, NOW_MS), "promote");
});

test("over fifty years nothing is ever signed by a root younger than a day in the bundle, nor by one that is over", () => {
  const stepMs = 7 * 3_600_000;
  let times: AuthorityTimes = { present: undefined, next: undefined };
  const counts = { begin: 0, announce: 0, promote: 0, keep: 0 };
  for (let nowMs = NOW_MS; nowMs < NOW_MS + 5 * MESH_AUTHORITY_LIFE_MS; nowMs += stepMs) {
    const step = authorityStep(times, nowMs);
    counts[step] += 1;
    const made = { notBeforeMs: nowMs, notAfterMs: nowMs + MESH_AUTHORITY_LIFE_MS };
    if (step === "begin") times = { present: made, next: undefined };
    else if (step === "announce") times = { ...times, next: made };
    else if (step === "promote") {
      assert.ok(times.next !== undefined && nowMs - times.next.notBeforeMs >= PUBLISHED_MS_MIN);
      const { notBeforeMs } = times.next;
      times = { present: { notBeforeMs, notAfterMs: notBeforeMs + MESH_AUTHORITY_LIFE_MS }, next: undefined };
    }
    assert.ok(times.present !== undefined && times.present.notAfterMs - nowMs > CERTIFICATE_LIFE_MS);
  }
  assert.equal(counts.begin, 1);
  assert.ok(counts.promote >= 6 && counts.promote === counts.announce, JSON.stringify(counts));
});
