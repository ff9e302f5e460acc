// Whom to ask how an app's release does, and what is known from those who were asked before: a limited number of nodes at
// each look, however many host the app. Nodes that are not found good yet come first, then those that were asked longest
// ago; and a few that still have the version before, to compare with.

import type { AppName, NodeName } from "#model/brand.ts";
import { hasTarget, nodesInTurn, type Release } from "#model/release.ts";
import type { Figures, NodeReport } from "./release-judge.ts";

/** More than may be unproven at once. */
const UPDATED_ASKED_MAX = 200;
/** Shares of a few percent show in the requests of so many nodes. */
const OTHERS_ASKED_MAX = 32;

export class ReleaseSurvey {
  readonly #app: AppName;
  /** What is released; another version is another survey. */
  readonly version: number;
  readonly #reports = new Map<NodeName, NodeReport>();
  readonly #atFirst = new Map<NodeName, Figures>();
  readonly #askedAtLook = new Map<NodeName, number>();
  #look = 0;

  constructor(app: AppName, version: number) {
    this.#app = app;
    this.version = version;
  }

  get reports(): ReadonlyMap<NodeName, NodeReport> {
    return this.#reports;
  }

  /** Who is to be asked now. @param isProven of nodes that need no close look any more. */
  next(
    nodes: readonly NodeName[],
    { release, pauseMs }: { readonly release: Release; readonly pauseMs: number },
  ): readonly NodeName[] {
    this.#forgetAllBut(new Set(nodes));
    this.#look += 1;
    // A release that is not begun yet has no target of this version, and everybody is to be compared with.
    const updated = nodes.filter(
      (node) => release.target?.version === this.version && hasTarget(release, this.#app, node),
    );
    const has = new Set(updated);
    const others = nodesInTurn(
      this.#app,
      this.version,
      nodes.filter((node) => !has.has(node)),
    );
    const urgent = (node: NodeName): number => (this.#hasStood(node, pauseMs) ? 1 : 0);
    const lastAsked = (node: NodeName): number => this.#askedAtLook.get(node) ?? 0;
    const asked = [
      ...updated
        .toSorted((a, b) => urgent(a) - urgent(b) || lastAsked(a) - lastAsked(b))
        .slice(0, UPDATED_ASKED_MAX),
      // Those whose turn comes last can be compared with longest.
      ...others.slice(-OTHERS_ASKED_MAX),
    ];
    for (const node of asked) this.#askedAtLook.set(node, this.#look);
    return asked;
  }

  answered(node: NodeName, report: Omit<NodeReport, "recent">): void {
    const total = {
      attempts: report.before.attempts + report.attempts,
      errors: report.before.errors + report.errors,
    };
    const first = this.#atFirst.get(node);
    // A proxy that was started anew counts from nothing.
    if (first === undefined || first.attempts > total.attempts || first.errors > total.errors) {
      this.#atFirst.set(node, total);
      this.#reports.set(node, first === undefined ? report : { ...report, recent: NONE });
      return;
    }
    const recent = {
      attempts: total.attempts - first.attempts,
      errors: total.errors - first.errors,
    };
    this.#reports.set(node, { ...report, recent });
  }

  /** One that has stood its time is believed for as long as it is silent; of any other nothing is known. */
  silent(node: NodeName, pauseMs: number): void {
    if (!this.#hasStood(node, pauseMs)) this.#reports.delete(node);
  }

  #hasStood(node: NodeName, pauseMs: number): boolean {
    const report = this.#reports.get(node);
    return report?.version === this.version && report.ageMs >= pauseMs;
  }

  #forgetAllBut(nodes: ReadonlySet<NodeName>): void {
    for (const known of [this.#reports, this.#atFirst, this.#askedAtLook]) {
      for (const node of known.keys()) if (!nodes.has(node)) known.delete(node);
    }
  }
}

const NONE: Figures = { attempts: 0, errors: 0 };
