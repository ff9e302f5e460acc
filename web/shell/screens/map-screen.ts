// "Where is room, and what does the mesh cost on each node?"

import { z } from "zod";
import { clusterMap } from "../../policy/cluster-map.ts";
import { NameNumbers } from "../../policy/name-numbers.ts";
import type { ScreenSource } from "../screen-source.ts";
import { whenListed } from "../when-listed.ts";

/** A namespace and a name of the API. */
const NAME_MAX = 320;

export const mapScreen: ScreenSource = {
  name: "map",
  // What is chosen there; all who look at the map see the same.
  params: z.strictObject({
    node: z.string().max(NAME_MAX).optional(),
    app: z.string().max(NAME_MAX).optional(),
  }),
  open({ cluster, held }) {
    const numbers = { zones: new NameNumbers(), apps: new NameNumbers() };
    return { view: () => clusterMap(whenListed(cluster), numbers, held.required) };
  },
};
