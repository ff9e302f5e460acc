// What a pod's hook may say: the body of POST /v1/pods.

import { isIP } from "node:net";

import { z } from "zod";

import { splitAppName } from "#model/app.ts";
import type { AppName, PodUid } from "#model/brand.ts";
import { UsageError } from "#runtime/usage-error.ts";

import type { PodFacts } from "../policy/pod-registry.ts";

/** The API's own limits for names: 253 characters for a pod, 63 for a namespace and a label's value. */
const podHookSchema = z.strictObject({
  uid: z.string().min(1).max(128),
  namespace: z.string().min(1).max(63),
  name: z.string().min(1).max(253),
  app: z.string().regex(/^[^/]{1,63}\/[^/]{1,63}$/, "must be namespace/name"),
  address: z.string().refine((text) => isIP(text) !== 0, "must be an IP address"),
  port: z.int().min(1).max(65_535),
});

/** @throws UsageError that names the field and what it must be. */
export function parsePodHook(body: unknown): PodFacts {
  const parsed = podHookSchema.safeParse(body);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) =>
      path.length === 0 ? message : `${path.join(".")}: ${message}`,
    );
    throw new UsageError(problems.join("; "));
  }
  const { uid, app, ...facts } = parsed.data;
  if (splitAppName(app as AppName).namespace !== facts.namespace) {
    throw new UsageError("app: must be in the pod's own namespace");
  }
  return { ...facts, uid: uid as PodUid, app: app as AppName };
}
