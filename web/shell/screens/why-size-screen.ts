// "Why does this node's proxy have this size?"

import { z } from "zod";
import type { NodeReply } from "#vpa-recommender/policy/recommendation.ts";
import {
  type FleetUsage,
  type FleetView,
  isShort,
  NO_USAGE,
  type NodeFigures,
  nodeFigures,
} from "../../policy/fleet-figures.ts";
import { noResources } from "#model/resources.ts";
import type { ProxyLine, WhySizeView } from "../../policy/why-size.ts";
import { answerOf } from "../answer.ts";
import type { ScreenSource } from "../screen-source.ts";
import { whenListed } from "../when-listed.ts";

const LINES_MAX = 40;
/** Kubernetes' own limit of a node's name. */
const NAME_MAX = 253;

export const whySizeScreen: ScreenSource = {
  name: "why-size",
  params: z.strictObject({
    node: z
      .string()
      .max(NAME_MAX)
      .regex(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, "is no node's name")
      .optional(),
    find: z.string().max(NAME_MAX).optional(),
  }),
  everyMs: 3_000,
  open({ cluster, components, sizes, held }, { node, find = "" }) {
    return {
      async view(): Promise<WhySizeView> {
        const fleet = whenListed(cluster);
        if (node === undefined)
          return {
            ...choice(fleet, { find, held: held.required }),
            reply: null,
            refusal: null,
            history: null,
          };
        const answer = await answerOf(components.recommender.get(`/recommendations/${node}`));
        return {
          nodes: [],
          nodesCount: 0,
          reply: (answer.reply as NodeReply | undefined) ?? null,
          refusal: answer.refusal ?? null,
          history: sizes.of(node),
        };
      },
    };
  },
};

interface Wanted {
  readonly find: string;
  readonly held: FleetUsage["required"];
}

function choice(
  fleet: FleetView,
  { find, held: required }: Wanted,
): Pick<WhySizeView, "nodes" | "nodesCount"> {
  const proxied = nodeFigures(fleet, { ...NO_USAGE, required }).filter(
    ({ node, proxy }) => proxy !== null && node.includes(find),
  );
  const rank = (figures: NodeFigures): number => (isShort(figures) ? 1 : 0);
  const ordered = proxied.toSorted(
    (a, b) =>
      rank(b) - rank(a) ||
      (b.proxy?.memoryBytes ?? 0) - (a.proxy?.memoryBytes ?? 0) ||
      (a.node < b.node ? -1 : 1),
  );
  return { nodes: ordered.slice(0, LINES_MAX).map(line), nodesCount: proxied.length };
}

function line({ node, meshPods, apps, proxy, required }: NodeFigures): ProxyLine {
  return { node, pods: meshPods, apps, has: proxy ?? noResources, required };
}
