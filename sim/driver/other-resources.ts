// Amounts of all resources but CPU and memory, which have a place of their own: ephemeral storage, huge pages, and what
// device plugins offer. Kube-scheduler's filter counts them, its scores by default do not.

import { MESH_RESOURCE } from "#model/app.ts";
import { parseThousandths } from "#model/quantity.ts";

export type OtherAmounts = Readonly<Record<string, number>>;

type Quantities = Readonly<Record<string, string>>;

interface Container {
  readonly restartPolicy?: string;
  readonly resources?: { readonly requests?: Quantities };
}

/** Kube-scheduler is told to look past the mesh's own. */
const COUNTED_ELSEWHERE: ReadonlySet<string> = new Set(["cpu", "memory", "pods", MESH_RESOURCE]);

/**
 * @throws QuantityError for a quantity that does not parse.
 */
export function otherAllocatable(quantities: Quantities = {}): OtherAmounts {
  return Object.fromEntries(
    Object.entries(quantities)
      .filter(([name]) => !COUNTED_ELSEWHERE.has(name))
      .map(([name, quantity]) => [name, Number(parseThousandths(quantity) / 1000n)]),
  );
}

/**
 * What a pod takes: its containers together, or the most that an init container needs beside those that go on running.
 *
 * @throws QuantityError for a quantity that does not parse.
 */
export function otherRequests(
  containers: readonly Container[],
  initContainers: readonly Container[],
): OtherAmounts | undefined {
  const names = new Set(
    [...containers, ...initContainers]
      .flatMap(({ resources }) => Object.keys(resources?.requests ?? {}))
      .filter((name) => !COUNTED_ELSEWHERE.has(name)),
  );
  if (names.size === 0) return undefined;
  return Object.fromEntries([...names].map((name) => [name, amountOf(name, containers, initContainers)]));
}

function amountOf(
  name: string,
  containers: readonly Container[],
  initContainers: readonly Container[],
): number {
  const requestOf = ({ resources }: Container): number => {
    const quantity = resources?.requests?.[name];
    return quantity === undefined ? 0 : Number((parseThousandths(quantity) + 999n) / 1000n);
  };
  let lasting = 0;
  let peak = 0;
  for (const container of initContainers) {
    const request = requestOf(container);
    peak = Math.max(peak, lasting + request);
    if (container.restartPolicy === "Always") lasting += request;
  }
  for (const container of containers) lasting += requestOf(container);
  return Math.max(peak, lasting);
}
