// "Where is room, and what does the mesh cost on each node?"

import { z } from "zod";
import { clusterMap } from "../../policy/cluster-map.ts";
import { NameNumbers } from "../../policy/name-numbers.ts";
import type { ScreenSource } from "../screen-source.ts";
import { whenListed } from "../when-listed.ts";

export const mapScreen: ScreenSource = {
  name: "map",
  params: z.strictObject({}),
  open({ cluster }) {
    const numbers = { zones: new NameNumbers(), apps: new NameNumbers() };
    return { view: () => clusterMap(whenListed(cluster), numbers) };
  },
};
