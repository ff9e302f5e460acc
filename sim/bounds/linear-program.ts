// The linear program of a packing need, as text in the LP format. Bin packing with setups (an app is a class, its base the
// setup) has as many variables as pods times nodes; nodes of one shape s are alike, and so are pods of one app a and one
// kind k, so that a packing can be told by sums, and each packing's sums satisfy what stands below:
//
//   n_s    nodes in use                  x_aks  pods on nodes of the shape          y_as  nodes of the shape with the app
//
//   minimise Σ n_s
//   Σ_s x_aks = pods_ak                                                             every pod is somewhere it fits
//   Σ size · x_aks + Σ base_a · y_as ≤ room_s · n_s        per resource             nodes hold what is on them
//   Σ u(size) · x_aks + Σ u(base_a) · y_as ≤ n_s           per resource and u       so do dual feasible functions of it
//   Σ x_aks ≤ slots_s · n_s
//   Σ_k x_aks ≤ podsOnNodeMax_as · y_as ;  Σ_k size · x_aks ≤ (room_s − base_a) · y_as ;  y_as ≤ n_s
//   Σ_s y_as ≥ instancesMin_a                                                       minimum classes (arXiv 2509.10075)
//
// Without the last line a class may be opened by halves everywhere, which makes the plain relaxation weak. The least Σ n_s
// is therefore no more than the nodes of any packing, and may be rounded up.

import type { Resources } from "#model/resources.ts";
import { dualFeasible, DUAL_FEASIBLE_KS } from "./dual-feasible.ts";
import { fitsAlone, instancesMin, podsOnNodeMax } from "./instances-min.ts";
import type { AppNeed, NodeShape, PackingNeed } from "./packing-need.ts";

const RESOURCES = ["cpuMilli", "memoryBytes"] as const satisfies readonly (keyof Resources)[];

/** Undefined if some pod fits on no node at all. */
export function linearProgram(need: PackingNeed): string | undefined {
  const { apps, shapes } = need;
  const rows: string[] = [];
  for (const [a, app] of apps.entries()) {
    const needed = instancesMin(app, shapes);
    if (!Number.isFinite(needed)) return undefined;
    if (app.kinds.some(({ size }) => !shapes.some((shape) => fitsAlone(size, app.base, shape))))
      return undefined;
    rows.push(...appRows(need, { app, a, needed }));
  }
  for (const [s, shape] of shapes.entries()) rows.push(...shapeRows(need, { shape, s }));
  const bounds = shapes.flatMap(({ count }, s) => (count === Infinity ? [] : [` n${s} <= ${count}`]));
  const objective = wrapped(shapes.map((_, s) => `n${s}`));
  return `Minimize\n obj: ${objective}\nSubject To\n${rows.join("\n")}\nBounds\n${bounds.join("\n")}\nEnd\n`;
}

interface App {
  readonly app: AppNeed;
  readonly a: number;
  readonly needed: number;
}

function appRows({ shapes }: PackingNeed, { app, a, needed }: App): readonly string[] {
  const { base, kinds } = app;
  const rows = kinds.map(({ size, pods }, k) => {
    const terms = shapes.flatMap((shape, s) => (fitsAlone(size, base, shape) ? [variable(a, k, s)] : []));
    return ` ${wrapped(terms)} = ${pods}`;
  });
  rows.push(` ${wrapped(shapes.map((_, s) => `y${a}_${s}`))} >= ${needed}`);
  for (const [s, shape] of shapes.entries()) {
    const here = kinds.flatMap(({ size }, k) =>
      fitsAlone(size, base, shape) ? [{ size, name: variable(a, k, s) }] : [],
    );
    rows.push(` y${a}_${s} - n${s} <= 0`);
    if (here.length === 0) {
      rows.push(` y${a}_${s} = 0`);
      continue;
    }
    rows.push(
      ` ${wrapped([...here.map(({ name }) => name), term(-podsOnNodeMax(app, shape), `y${a}_${s}`)])} <= 0`,
    );
    for (const resource of RESOURCES) {
      const room = shape.free[resource];
      const terms = here.map(({ size, name }) => term(size[resource] / room, name));
      rows.push(` ${wrapped([...terms, term(base[resource] / room - 1, `y${a}_${s}`)])} <= 0`);
    }
  }
  return rows;
}

function shapeRows(
  { apps }: PackingNeed,
  { shape, s }: { readonly shape: NodeShape; readonly s: number },
): readonly string[] {
  const row = (pod: (size: Resources) => number, base: (size: Resources) => number, room: number): string => {
    const terms: string[] = [];
    for (const [a, app] of apps.entries()) {
      for (const [k, { size }] of app.kinds.entries()) {
        if (fitsAlone(size, app.base, shape)) terms.push(term(pod(size), variable(a, k, s)));
      }
      terms.push(term(base(app.base), `y${a}_${s}`));
    }
    return ` ${wrapped([...terms.filter((text) => text !== ""), term(-room, `n${s}`)])} <= 0`;
  };
  const rows = [
    row(
      () => 1,
      () => 0,
      shape.slots,
    ),
  ];
  for (const resource of RESOURCES) {
    const bin = shape.free[resource];
    const share = (size: Resources): number => size[resource] / bin;
    rows.push(row(share, share, 1));
    for (const k of DUAL_FEASIBLE_KS) {
      const counted = (size: Resources): number => dualFeasible(size[resource], { bin, k });
      rows.push(row(counted, counted, 1));
    }
  }
  return rows;
}

function variable(a: number, k: number, s: number): string {
  return `x${a}_${k}_${s}`;
}

function term(factor: number, name: string): string {
  return factor === 0 ? "" : `${factor} ${name}`;
}

/** Lines of the format are short. */
const TERMS_PER_LINE = 8;

function wrapped(terms: readonly string[]): string {
  let text = "";
  for (const [index, part] of terms.filter((part) => part !== "").entries()) {
    if (index > 0) text += index % TERMS_PER_LINE === 0 ? "\n " : " ";
    text += part.startsWith("-") ? `- ${part.slice(1)}` : index === 0 ? part : `+ ${part}`;
  }
  return text === "" ? `0 n0` : text;
}
