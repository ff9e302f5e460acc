// The injection webhook: AdmissionReview v1 in, a JSON patch out. It never refuses a pod: one that cannot be injected
// starts without the mesh, and the warning says why.

import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { appOf, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import {
  type InjectablePod,
  injectionPatch,
  type InjectionOptions,
  type JsonPatchOperation,
} from "../policy/injection.ts";
import { type ApiPlacementSpec, unjudgedConstraint } from "#kube/decode-placing.ts";
import { type GateablePod, gatePatch } from "../policy/gating.ts";
import { type Admission, admissionReviewOf, admitted } from "./admission-review.ts";
import type { AdmissionOutcome, ExtenderMetrics } from "./extender-metrics.ts";
import type { PortAllocator } from "./port-allocator.ts";

export interface AdmissionApiOptions {
  readonly ports: PortAllocator;
  readonly metrics: ExtenderMetrics;
  readonly injection: Omit<InjectionOptions, "ports">;
  /** Nominate mode: who lifts the gates that are set here; pods get none if it is undefined. */
  readonly placement?: PlacementService | undefined;
}

export interface PlacementService {
  /** Gates that are set now will be lifted in time. */
  readonly isServing: boolean;
  readonly metrics: { gateSet(): void };
}

export async function admissionApi(server: FastifyInstance, options: AdmissionApiOptions): Promise<void> {
  const { metrics } = options;
  server.post("/mutate", async (request, reply) => {
    const stop = metrics.verbStarted("admit");
    const review = admissionReview.safeParse(request.body);
    if (!review.success) return reply.code(400).send({ error: z.prettifyError(review.error) });
    const { outcome, ...admission } = await admit(review.data.request, options);
    metrics.admitted(outcome);
    stop();
    return admitted(review.data.request.uid, admission);
  });
}

const stringMap = z.record(z.string(), z.string()).nullish();

const admissionReview = admissionReviewOf(
  z
    .object({
      metadata: z.object({ labels: stringMap, annotations: stringMap }).optional(),
      spec: z.object({ containers: z.array(z.object({ name: z.string() }).loose()) }).loose(),
    })
    .loose(),
);

interface PodAdmission extends Admission {
  readonly outcome: AdmissionOutcome;
}

async function admit(
  { namespace = "default", dryRun, object }: z.infer<typeof admissionReview>["request"],
  options: AdmissionApiOptions,
): Promise<PodAdmission> {
  const pod = object as InjectablePod & PlaceablePod;
  const labels = pod.metadata?.labels ?? {};
  const choice = labels[MESH_LABEL];
  if (choice !== undefined && choice !== MESH_ENABLED) return { outcome: "optedOut" };
  const app = appOf(namespace, labels);
  if (app === undefined) {
    return {
      outcome: "noApp",
      warnings: ["berth: no label berth.dev/app or app.kubernetes.io/name; not injected"],
    };
  }
  // The webhook is registered with sideEffects NoneOnDryRun: a dry run allocates nothing.
  const ports = dryRun === true ? options.ports.knownPortsOf(app) : await options.ports.portsOf(app);
  if (ports === undefined) {
    return { outcome: "noPorts", warnings: [`berth: no mesh ports for app ${app} yet; not injected`] };
  }
  const injection = injectionPatch(pod, { ...options.injection, ports });
  const gate = dryRun === true ? [] : gateFor(pod, options.placement);
  return { outcome: "injected", patch: [...injection, ...gate] };
}

type PlaceablePod = GateablePod & { readonly spec?: ApiPlacementSpec };

// A pod that Berth could not place would wait for nothing.
function gateFor(pod: PlaceablePod, placement: PlacementService | undefined): readonly JsonPatchOperation[] {
  if (placement?.isServing !== true || unjudgedConstraint(pod.spec ?? {}) !== undefined) return [];
  const patch = gatePatch(pod);
  if (patch.length > 0) placement.metrics.gateSet();
  return patch;
}
