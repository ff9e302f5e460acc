// The options of `berth doctor`.

import { z } from "zod";
import { componentSettings } from "#runtime/component.ts";

const { apiServer, kubeconfig, context } = componentSettings.shape;

export const doctorOptions = z.strictObject({
  berthNamespace: z.string().min(1).max(63).default("berth-system").describe("where Berth is installed"),
  namespace: z.string().min(1).max(63).optional().describe("the same as --berth-namespace; -n for short"),
  output: z.enum(["table", "json", "yaml"]).default("table").describe("table, json or yaml; -o for short"),
  apiServer,
  kubeconfig,
  context,
});

export type DoctorOptions = z.infer<typeof doctorOptions>;
