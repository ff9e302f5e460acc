// The head of every screen, as a view that is made like theirs: totals from the watched cluster, and whether each part
// answers, asked every few seconds while somebody looks.

import { z } from "zod";
import { OperationError } from "#runtime/operation-error.ts";
import { overview, type Overview, type PartState } from "../policy/overview.ts";
import { OVERVIEW } from "../policy/wire.ts";
import { type ComponentInterface, troubleOf } from "./components.ts";
import type { OpenScreen, ScreenContext, ScreenSource } from "./screen-source.ts";
import { whenListed } from "./when-listed.ts";

const ASKED_EVERY_MS = 5_000;

/** @param cluster what people know it by. */
export function overviewScreen(cluster: string): ScreenSource {
  return {
    name: OVERVIEW,
    params: z.strictObject({}),
    everyMs: ASKED_EVERY_MS,
    open: (context) => new OverviewScreen(context, cluster),
  };
}

class OverviewScreen implements OpenScreen {
  readonly #context: ScreenContext;
  readonly #cluster: string;
  #parts: readonly PartState[] = [];
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: ScreenContext, cluster: string) {
    this.#context = context;
    this.#cluster = cluster;
  }

  async view(): Promise<Overview> {
    const { cluster, components, held } = this.#context;
    const nowMs = this.#context.nowMs();
    if (nowMs - this.#askedAtMs >= ASKED_EVERY_MS) {
      this.#askedAtMs = nowMs;
      this.#parts = await Promise.all([components.extender, components.recommender].map(stateOf));
    }
    return overview({
      cluster: this.#cluster,
      fleet: whenListed(cluster),
      held: held.required,
      staleReasons: cluster.staleReasons(),
      parts: this.#parts,
    });
  }
}

async function stateOf(component: ComponentInterface): Promise<PartState> {
  const { name } = component;
  try {
    await component.probe();
    return { name };
  } catch (error) {
    if (error instanceof OperationError) return { name, trouble: troubleOf(error) };
    throw error;
  }
}
