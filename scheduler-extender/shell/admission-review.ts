// The envelope of what the API server asks a webhook (admission.k8s.io/v1), and of the answer.

import { z } from "zod";

/** An AdmissionReview about an object of the given shape; other keys are the API server's and may grow. */
export function admissionReviewOf<T extends z.ZodType>(object: T) {
  return z.object({
    apiVersion: z.literal("admission.k8s.io/v1"),
    kind: z.literal("AdmissionReview"),
    request: z.object({
      uid: z.string().min(1),
      namespace: z.string().optional(),
      dryRun: z.boolean().nullish(),
      object,
    }),
  });
}

export interface Admission {
  readonly warnings?: readonly string[];
  /** RFC 6902 operations. */
  readonly patch?: readonly object[];
}

/** The answer to the request with this uid: the object is let in, changed or not. */
export function admitted(uid: string, { warnings, patch = [] }: Admission): object {
  const response = {
    uid,
    allowed: true,
    ...(warnings === undefined ? {} : { warnings }),
    ...(patch.length === 0
      ? {}
      : { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }),
  };
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response };
}
