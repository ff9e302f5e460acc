// What a node's proxy says of its apps' releases: GET /v1/releases.

import { z } from "zod";
import type { AppName } from "#model/brand.ts";
import type { NodeReport } from "../policy/release-judge.ts";
import type { ProxyClient } from "./proxy-client.ts";

const count = z.number().nonnegative();
const figures = z.object({ attempts: count, errors: count });

const answerSchema = z.object({
  apps: z.array(
    figures.extend({
      app: z.string(),
      version: z.int().nonnegative(),
      ageMs: count,
      state: z.string(),
      failures: count,
      before: figures,
    }),
  ),
});

/**
 * The app's report; undefined if the node's proxy has no instance of it.
 *
 * @throws Error if it does not answer, or not in these terms.
 */
export async function readRelease(
  client: Pick<ProxyClient, "get">,
  address: string,
  app: AppName,
): Promise<Omit<NodeReport, "recent"> | undefined> {
  const { apps } = answerSchema.parse(await client.get(address, "/v1/releases"));
  return apps.find((one) => one.app === app);
}
