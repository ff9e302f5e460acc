// GET /explain?pod=NAMESPACE/NAME: the latest decision about a pod and, while it waits, what would be decided now and what
// its nodes miss. For people and `berth explain`; on the port of health and metrics, so that no verb waits behind it.

import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { eligibilityFor } from "#model/eligibility.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { Clock } from "#runtime/clock.ts";
import { explainNow } from "../policy/explain-now.ts";
import type { ExplainedNow, ExplainReply } from "../policy/explain-reply.ts";
import type { Explanation } from "../policy/explanation.ts";
import type { Explanations } from "./explanations.ts";

export interface ExplainApiOptions {
  readonly ledger: LedgerView;
  readonly explanations: Pick<Explanations, "lastOf" | "nominationOf" | "offeredTo" | "preemptions">;
  /** What decisions run on. */
  readonly clock: Clock;
  /** Why this replica cannot say; empty when it can. */
  readonly unreadyReasons: () => readonly string[];
}

/** The lengths of names in the API. */
const POD_NAME = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)\/([a-z0-9][-.a-z0-9]{0,252})$/;

const query = z.object({ pod: z.string().regex(POD_NAME, { error: "give ?pod=NAMESPACE/NAME" }) });

export async function explainApi(server: FastifyInstance, options: ExplainApiOptions): Promise<void> {
  server.get("/explain", async (request, reply) => {
    const parsed = query.safeParse(request.query);
    if (!parsed.success) return reply.code(400).send({ error: "give ?pod=NAMESPACE/NAME" });
    const reasons = options.unreadyReasons();
    if (reasons.length > 0) return reply.code(503).send({ error: reasons.join("; ") });
    const answer = explain(parsed.data.pod, options);
    if (answer !== undefined) return answer;
    return reply.code(404).send({ error: `no pod ${parsed.data.pod} that this replica knows` });
  });
}

function explain(
  pod: string,
  { ledger, explanations, ...rest }: ExplainApiOptions,
): ExplainReply | undefined {
  const [namespace = "", name = ""] = pod.split("/");
  const seen = ledger.podNamed(namespace, name);
  const last = explanations.lastOf({ namespace, name });
  const nomination = explanations.nominationOf({ namespace, name });
  // One of the same name that is gone is not this one.
  const isOfThis = (explanation: Explanation | undefined): explanation is Explanation =>
    explanation !== undefined && (seen === undefined || explanation.pod.uid === seen.uid);
  const preemption = explanations.preemptions.of({ namespace, name }, seen);
  const preemptedBy = explanations.preemptions.causeOf({ namespace, name }, seen);
  const told = {
    ...(isOfThis(last) && { last }),
    ...(isOfThis(nomination) && { nomination }),
    ...(preemption !== undefined && { preemption }),
    ...(preemptedBy !== undefined && { preemptedBy }),
  };
  if (seen !== undefined) return { pod, ...standing(seen, { ledger, explanations, ...rest }), ...told };
  return Object.keys(told).length === 0 ? undefined : { pod, state: "unknown", ...told };
}

function standing(pod: PodView, options: ExplainApiOptions): Pick<ExplainReply, "state" | "node" | "now"> {
  if (pod.isFinished) return { state: "finished" };
  if (pod.nodeName !== undefined) return { state: "bound", node: pod.nodeName };
  const promise = options.ledger.reservationOf(pod.uid);
  if (promise !== undefined) return { state: "promised", node: promise.node };
  return { state: "waiting", now: explainedNow(pod, options) };
}

function explainedNow(pod: PodView, { ledger, explanations, clock }: ExplainApiOptions): ExplainedNow {
  const { nodesOf, nodes } = nodesFor(pod, { ledger, explanations });
  return { nodesOf, explanation: explainNow(ledger, { pod, nodes }, clock.nowMs()) };
}

function nodesFor(
  pod: PodView,
  { ledger, explanations }: Pick<ExplainApiOptions, "ledger" | "explanations">,
): { readonly nodesOf: ExplainedNow["nodesOf"]; readonly nodes: readonly NodeName[] } {
  const { nominatedNode } = pod;
  if (nominatedNode !== undefined) return { nodesOf: "nominated", nodes: [nominatedNode] };
  const offered = explanations.offeredTo(pod);
  if (offered !== undefined) return { nodesOf: "kubeScheduler", nodes: offered };
  const all = [...ledger.nodes()];
  if (pod.placing === undefined) return { nodesOf: "cluster", nodes: all.map(({ name }) => name) };
  const isEligible = eligibilityFor(pod.placing.wishes);
  return { nodesOf: "eligible", nodes: all.filter(isEligible).map(({ name }) => name) };
}
