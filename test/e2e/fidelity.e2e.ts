// The simulator's kube-scheduler beside the real one, alone and with the real extender: the same pods on the same nodes,
// decision by decision. `npm run bench -- fidelity` does it with a thousand pods and more.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FidelityBed } from "../../bench/fidelity/fidelity-bed.ts";
import { compareInLockStep, newAgreement } from "../../bench/fidelity/lock-step.ts";
import { runForReal } from "../../bench/fidelity/real-run.ts";
import { drawSlice, type Slice } from "../../bench/fidelity/slice.ts";
import { sliceNodes } from "../../bench/fidelity/slice-nodes.ts";
import { toolBinaries } from "./tool-binaries.ts";

const tools = await toolBinaries((line) => void process.stderr.write(`${line}\n`));
const NODES = 10;
const PODS = 180;
/** With this one some pods find no node, and some nodes fit A and not A + B. */
const SEED = 3;
const ARGMAX_SHARE_MIN = 0.99;

let slice: Slice;
let bed: FidelityBed;

before(async () => {
  slice = await drawSlice({ podCount: PODS, seed: SEED, traces: undefined });
  bed = await FidelityBed.open(tools, { nodes: sliceNodes(NODES), slice });
});

after(() => bed.close());

for (const mode of ["plain", "score"] as const) {
  const what = mode === "plain" ? "kube-scheduler alone" : "kube-scheduler and the extender";
  test(`the model finds the nodes feasible that ${what} find feasible, and best the one they take`, async (t) => {
    const state = await bed.startingState();
    const agreement = newAgreement();
    const decisions = await runForReal(bed, { pods: slice.pods, mode });
    compareInLockStep(agreement, state, { decisions, mode });
    const { pairs, pairsAgreed, choices, choicesAgreed, totals, totalsAgreed, podsRejected, rejections } =
      agreement;
    t.diagnostic(
      `${agreement.decisions} decisions, ${podsRejected} pods rejected, argmax ${choicesAgreed} of ${choices}, totals ${totalsAgreed} of ${totals}`,
    );
    const said = agreement.disagreements.join("\n");
    assert.equal(agreement.decisions, PODS);
    assert.equal(pairsAgreed, pairs, said);
    assert.ok(choicesAgreed >= ARGMAX_SHARE_MIN * choices, said);
    // Otherwise there was nothing to be right about.
    assert.ok(choices > PODS / 2 && podsRejected > 0 && rejections.has("Insufficient cpu"));
    if (mode === "score") assert.ok(rejections.has("meshShareDoesNotFit"));
  });
}
