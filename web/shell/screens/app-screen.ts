// "How does this app sit in the mesh?" Without an app: which are there.

import { z } from "zod";
import { appList, appView } from "../../policy/app-view.ts";
import type { ScreenSource } from "../screen-source.ts";
import { whenListed } from "../when-listed.ts";

/** A namespace and a name of the API. */
const NAME_MAX = 320;
/** Each look asks the recommender and the proxies of up to 32 nodes. */
const ASKED_EVERY_MS = 5_000;

export const appScreen: ScreenSource = {
  name: "app",
  params: z.strictObject({
    app: z
      .string()
      .max(NAME_MAX)
      .regex(/^[^/]+\/[^/]+$/, { error: "say which app: NAMESPACE/NAME" })
      .optional(),
  }),
  everyMs: ASKED_EVERY_MS,
  open({ cluster, components, nowMs }, { app }) {
    if (app === undefined) return { view: () => appList(whenListed(cluster)) };
    let askedAtMs = Number.NEGATIVE_INFINITY;
    let last: Promise<object> | undefined;
    return {
      view() {
        whenListed(cluster);
        // The cluster changes more often than components are to be asked.
        if (last === undefined || nowMs() - askedAtMs >= ASKED_EVERY_MS - SLACK_MS) {
          askedAtMs = nowMs();
          last = components.explainApp(app).then(appView);
          // Asked again at the next look.
          last.catch(() => (last = undefined));
        }
        return last;
      },
    };
  },
};

/** Ticks come a little early. */
const SLACK_MS = 500;
