// Walks nodes from the tightest on, and stops where none that is left can be among the best.

import type { AppName } from "#model/brand.ts";
import type { CostedDemand } from "#model/fit.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import { addResources, scaleResources } from "#model/resources.ts";
import type { RoomNeed } from "#model/room-need.ts";
import { AskedNodes } from "./asked-nodes.ts";
import type { Candidates, CandidateSearch } from "./candidates.ts";
import { assess, podTakes, type Ranking } from "./node-ranking.ts";

type Answer = "takes" | "rejects" | "noCandidate";
type SearchFor = (need: RoomNeed) => CandidateSearch;

interface SearchOptions {
  readonly pod: CostedDemand;
  readonly candidates: Candidates;
  readonly best: Ranking;
  /** From the largest to the pod alone. */
  readonly groups: readonly number[];
}

export class PlacementSearch {
  readonly pod: CostedDemand;
  readonly candidates: Candidates;
  readonly groups: readonly number[];
  readonly #best: Ranking;
  /** Made for the first one, since many searches for an app's nodes ask none. */
  #asked: AskedNodes<Answer> | undefined;
  readonly #apart: ReadonlySet<NodeAccount> | undefined;

  constructor({ pod, candidates, best, groups }: SearchOptions) {
    this.pod = pod;
    this.candidates = candidates;
    this.groups = groups;
    this.#best = best;
    const { apart } = candidates;
    this.#apart = apart.length === 0 ? undefined : new Set(apart);
  }

  /** A node is asked once, however often it comes up. */
  ask(node: NodeAccount): Answer {
    this.#asked ??= new AskedNodes<Answer>();
    let answer = this.#asked.answerOf(node);
    if (answer === undefined) {
      answer = this.#answerOf(node);
      this.#asked.note(node, answer);
    }
    return answer;
  }

  #answerOf(node: NodeAccount): Answer {
    const account = this.candidates.accountOf(node);
    if (account === undefined) return "noCandidate";
    const assessment = assess(account, this.pod, this.groups);
    this.#best.offer(assessment);
    return assessment === undefined ? "rejects" : "takes";
  }

  /** Asks the app's nodes. */
  walkHosts(searchFor: SearchFor): void {
    // What they take is there already.
    const { request, cost } = this.pod;
    const { perPod } = cost;
    const takes = podTakes(this.pod);
    const avoiding = { request, grownMin: perPod, grownMax: perPod, isMesh: true, podTakes: takes };
    this.#walk(1, searchFor(avoiding), undefined);
    if (this.#isSettledFor(0)) return;
    this.#walk(0, searchFor({ ...avoiding, podTakes: undefined }), undefined);
  }

  /** Asks the nodes that may take a group of this size, after all larger ones; at 0 those too whose lean room one takes. */
  walkOthers(pods: number, searchFor: SearchFor): void {
    if (this.#isSettledFor(pods)) return;
    const { request, cost, app } = this.pod;
    const count = Math.max(1, pods);
    const grown = addResources(cost.base, scaleResources(cost.perPod, count));
    const need = {
      request: scaleResources(request, count),
      grownMin: grown,
      grownMax: grown,
      isMesh: app !== undefined,
      podTakes: pods === 0 ? undefined : podTakes(this.pod),
    };
    this.#walk(pods, searchFor(need), app);
  }

  // Mostly the largest group has found its node, and no node that takes less can be better.
  #isSettledFor(pods: number): boolean {
    return this.#best.leftShareMax(pods) === -Infinity;
  }

  #walk(pods: number, search: CandidateSearch, app: AppName | undefined): void {
    for (;;) {
      const nodes = search.next(this.#best.leftShareMax(pods));
      if (nodes === undefined) return;
      this.#askKind(nodes, app);
    }
  }

  // Of equal nodes the first ones by name are the best; if one does not take the pod, none does.
  #askKind(nodes: readonly NodeAccount[], app: AppName | undefined): void {
    let taking = 0;
    for (const node of nodes) {
      // The pod adds something else to a node that its app is on, which was asked by itself.
      if (this.#apart?.has(node) === true || (app !== undefined && node.appPods.has(app))) continue;
      const answer = this.ask(node);
      if (answer === "rejects") return;
      if (answer === "takes") taking++;
      if (taking >= this.#best.limit) return;
    }
  }
}
