import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AUTHORITY_LIFE_MS,
  type AuthorityFacts,
  isRenewal,
  type RenewalPlan,
  renewalPlan,
  SERVING_LIFE_MS,
  type ServingFacts,
  type Validity,
} from "./certificate-renewal.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
const NOW_MS = 100_000 * DAY_MS;
const ENDING_AUTHORITY_MS = AUTHORITY_LIFE_MS / 3 - 1;

/** What is left of a life that began in time. */
function remaining(remainingMs: number, lifeMs: number): Validity {
  return { notBeforeMs: NOW_MS + remainingMs - lifeMs, notAfterMs: NOW_MS + remainingMs };
}

function anAuthority(remainingMs = AUTHORITY_LIFE_MS): AuthorityFacts {
  return { kind: "usable", validity: remaining(remainingMs, AUTHORITY_LIFE_MS) };
}

function aServing(remainingMs = SERVING_LIFE_MS, coversHosts = true): ServingFacts {
  return { kind: "usable", validity: remaining(remainingMs, SERVING_LIFE_MS), coversHosts };
}

const absent = { kind: "fault", fault: "absent" } as const;
const malformed = { kind: "fault", fault: "malformed" } as const;
const keyDoesNotMatch = { kind: "fault", fault: "keyDoesNotMatch" } as const;
const notYet: Validity = { notBeforeMs: NOW_MS + 1, notAfterMs: NOW_MS + SERVING_LIFE_MS };

const cases: readonly {
  readonly what: string;
  readonly authority: AuthorityFacts;
  readonly serving: ServingFacts;
  readonly plan: RenewalPlan;
}[] = [
  {
    what: "two fresh certificates are kept",
    authority: anAuthority(),
    serving: aServing(),
    plan: { authority: undefined, serving: undefined },
  },
  {
    what: "where there is nothing, an authority is made and signs",
    authority: absent,
    serving: absent,
    plan: { authority: "absent", serving: { reason: "absent", signer: "new" } },
  },
  {
    what: "a serving certificate is kept while just a third of its life remains",
    authority: anAuthority(),
    serving: aServing(SERVING_LIFE_MS / 3),
    plan: { authority: undefined, serving: undefined },
  },
  {
    what: "a serving certificate with less than a third of its life left is made anew by the authority that is there",
    authority: anAuthority(),
    serving: aServing(SERVING_LIFE_MS / 3 - 1),
    plan: { authority: undefined, serving: { reason: "ending", signer: "present" } },
  },
  {
    what: "one that has ended is made anew",
    authority: anAuthority(),
    serving: aServing(-DAY_MS),
    plan: { authority: undefined, serving: { reason: "ending", signer: "present" } },
  },
  {
    what: "one for other hosts is made anew",
    authority: anAuthority(),
    serving: aServing(SERVING_LIFE_MS, false),
    plan: { authority: undefined, serving: { reason: "otherHosts", signer: "present" } },
  },
  {
    what: "one that is not valid yet is made anew",
    authority: anAuthority(),
    serving: { kind: "usable", validity: notYet, coversHosts: true },
    plan: { authority: undefined, serving: { reason: "notYetValid", signer: "present" } },
  },
  {
    what: "one with another's key is made anew",
    authority: anAuthority(),
    serving: keyDoesNotMatch,
    plan: { authority: undefined, serving: { reason: "keyDoesNotMatch", signer: "present" } },
  },
  {
    what: "an authority near its end signs once more, so that clients have time to learn of its successor",
    authority: anAuthority(ENDING_AUTHORITY_MS),
    serving: aServing(),
    plan: { authority: "ending", serving: { reason: "authorityEnding", signer: "present" } },
  },
  {
    what: "an authority near its end signs what is missing",
    authority: anAuthority(ENDING_AUTHORITY_MS),
    serving: absent,
    plan: { authority: "ending", serving: { reason: "absent", signer: "present" } },
  },
  {
    what: "an authority that would end before what it signs does not sign",
    authority: anAuthority(SERVING_LIFE_MS - 1),
    serving: aServing(SERVING_LIFE_MS / 3 - 1),
    plan: { authority: "ending", serving: { reason: "ending", signer: "new" } },
  },
  {
    what: "a serving certificate that outlives the loss of its authority's key is kept until it is due",
    authority: keyDoesNotMatch,
    serving: aServing(),
    plan: { authority: "keyDoesNotMatch", serving: undefined },
  },
  {
    what: "an authority that cannot sign is replaced, and its successor signs what is due",
    authority: malformed,
    serving: malformed,
    plan: { authority: "malformed", serving: { reason: "malformed", signer: "new" } },
  },
  {
    what: "an authority that is not valid yet does not sign",
    authority: { kind: "usable", validity: { ...notYet, notAfterMs: NOW_MS + AUTHORITY_LIFE_MS } },
    serving: absent,
    plan: { authority: "notYetValid", serving: { reason: "absent", signer: "new" } },
  },
];

for (const { what, authority, serving, plan } of cases) {
  test(what, () => {
    assert.deepEqual(renewalPlan({ authority, serving }, NOW_MS), plan);
    assert.equal(isRenewal(plan), plan.authority !== undefined || plan.serving !== undefined);
  });
}

test("the authority that signs outlives what it signs, at every moment of its life", () => {
  for (let remainingMs = -DAY_MS; remainingMs <= AUTHORITY_LIFE_MS; remainingMs += DAY_MS) {
    const plan = renewalPlan({ authority: anAuthority(remainingMs), serving: absent }, NOW_MS);
    assert.ok(
      plan.serving?.signer === "new" || remainingMs >= SERVING_LIFE_MS,
      `${remainingMs / DAY_MS} days`,
    );
  }
});
