// The settings of `berth ui`.

import { z } from "zod";
import { componentSettings } from "#runtime/component.ts";

export const uiSettings = componentSettings.extend({
  host: z.string().min(1).default("127.0.0.1").describe("address to listen on"),
  port: z.int().min(0).max(65_535).default(8080).describe("port to listen on; 0 for any"),
  hostNames: z
    .string()
    .default("")
    .describe(
      "names, separated by commas, that it is reached by beside localhost and addresses; others are refused, so that no web page can have its own name point here",
    ),
  extenderUrl: z
    .url()
    .optional()
    .describe("address of the extender's health and explanations; default: through the API server"),
  recommenderUrl: z
    .url()
    .optional()
    .describe("address of the recommender's health and recommendations; default: through the API server"),
  berthNamespace: z.string().min(1).default("berth-system").describe("where Berth is installed"),
  clusterName: z
    .string()
    .default("")
    .describe("what the page calls the cluster; default: its API server's address"),
});

export type UiSettings = z.infer<typeof uiSettings>;
