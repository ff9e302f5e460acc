// Mutating admission of created pods: the webhooks that MutatingWebhookConfigurations name are called over HTTP, in order
// of the configurations' names, and answer with a JSON patch. Source: apiserver/pkg/admission/plugin/webhook.
// Left out: matchConditions, service references, reinvocation, and every resource but pods.

import { Agent, request as httpRequest } from "undici";
import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { ApiError, internalError } from "./api-error.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { isJsonObject, listOf, objectOf, textOf, valueAt } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ObjectStore } from "./object-store.ts";
import { randomUid } from "./seeded-text.ts";
import { matchesLabelSelector } from "./selector.ts";

export interface Admission {
  readonly object: JsonObject;
  readonly warnings: readonly string[];
}

interface WebhookOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

export class MutatingWebhooks {
  readonly #options: WebhookOptions;
  readonly #agent = new Agent();

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  /**
   * The pod as the webhooks leave it.
   *
   * @throws ApiError as a webhook denies it, or InternalError when one with failurePolicy Fail does not answer.
   */
  async admitPod(pod: JsonObject, isDryRun: boolean): Promise<Admission> {
    let object = pod;
    const warnings: string[] = [];
    for (const webhook of this.#matching(pod)) {
      const review = reviewOf(object, { uid: randomUid(this.#options.random), isDryRun });
      const answer = await this.#call(webhook, review);
      if (answer === undefined) continue;
      warnings.push(...listOf(answer["warnings"]).flatMap((warning) => textOf(warning) ?? []));
      if (answer["allowed"] !== true) throw denial(webhook, answer);
      object = patched(webhook, object, answer);
    }
    return { object, warnings };
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #matching(pod: JsonObject): JsonObject[] {
    const labels = objectOf(valueAt(pod, ["metadata", "labels"]));
    const namespace = this.#options.store.get("namespaces", {
      name: textOf(valueAt(pod, ["metadata", "namespace"])) ?? "",
    });
    const namespaceLabels = objectOf(namespace?.metadata.labels);
    return this.#options.store
      .list("mutatingwebhookconfigurations")
      .flatMap((configuration) => listOf(configuration["webhooks"]).map(objectOf))
      .filter(
        (webhook) =>
          listOf(webhook["rules"]).some(coversPodCreation) &&
          matchesLabelSelector(webhook["namespaceSelector"], namespaceLabels) &&
          matchesLabelSelector(webhook["objectSelector"], labels),
      );
  }

  // Undefined if the webhook failed and may.
  async #call(webhook: JsonObject, review: JsonObject): Promise<JsonObject | undefined> {
    try {
      const answer = await this.#post(webhook, review);
      const response = objectOf(answer)["response"];
      if (!isJsonObject(response)) throw new Error("webhook response was absent");
      if (response["uid"] !== valueAt(review, ["request", "uid"]))
        throw new Error("webhook answered another uid");
      return response;
    } catch (error) {
      const name = textOf(webhook["name"]) ?? "";
      const reason = (error as Error).message;
      if (webhook["failurePolicy"] === "Ignore") {
        this.#options.logger.warn({ webhook: name, reason }, "a webhook failed and is ignored");
        return undefined;
      }
      throw internalError(`failed calling webhook "${name}": ${reason}`);
    }
  }

  async #post(webhook: JsonObject, review: JsonObject): Promise<Json> {
    const url = textOf(valueAt(webhook, ["clientConfig", "url"]));
    if (url === undefined) throw new Error("the webhook has no clientConfig.url");
    const seconds =
      typeof webhook["timeoutSeconds"] === "number" ? webhook["timeoutSeconds"] : TIMEOUT_SECONDS_DEFAULT;
    const abort = new AbortController();
    const cancel = this.#options.clock.after(seconds * 1000, () =>
      abort.abort(new Error(`context deadline exceeded after ${seconds} s`)),
    );
    try {
      const { statusCode, body } = await httpRequest(url, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify(review),
        dispatcher: this.#agent,
        signal: abort.signal,
      });
      const text = await boundedText(body);
      if (statusCode !== 200) throw new Error(`the webhook answered HTTP ${statusCode}`);
      return JSON.parse(text) as Json;
    } finally {
      cancel();
    }
  }
}

// As admissionregistration's default.
const TIMEOUT_SECONDS_DEFAULT = 10;
// A patch of a pod is a few kilobytes; as large as a request's body may be.
const RESPONSE_BYTES_MAX = 3 * 1024 * 1024;

async function boundedText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > RESPONSE_BYTES_MAX) throw new Error("the webhook's answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function coversPodCreation(rule: Json): boolean {
  const { operations, apiGroups, apiVersions, resources } = objectOf(rule);
  const names = (list: Json | undefined, wanted: readonly string[]): boolean =>
    listOf(list).some((item) => wanted.includes(String(item)));
  return (
    names(operations, ["CREATE", "*"]) &&
    names(apiGroups, ["", "*"]) &&
    names(apiVersions, ["v1", "*"]) &&
    names(resources, ["pods", "*", "*/*"])
  );
}

interface ReviewOptions {
  readonly uid: string;
  readonly isDryRun: boolean;
}

function reviewOf(pod: JsonObject, { uid, isDryRun }: ReviewOptions): JsonObject {
  const { name, namespace } = objectOf(pod["metadata"]);
  const kind = { group: "", version: "v1", kind: "Pod" };
  const resource = { group: "", version: "v1", resource: "pods" };
  return {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid,
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name,
      namespace,
      operation: "CREATE",
      userInfo: { username: "system:admin", groups: ["system:masters", "system:authenticated"] },
      object: pod,
      oldObject: null,
      dryRun: isDryRun,
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
    },
  };
}

function denial(webhook: JsonObject, answer: JsonObject): ApiError {
  const { message, code, reason } = objectOf(answer["status"]);
  const name = textOf(webhook["name"]) ?? "";
  const why = textOf(message) ?? textOf(reason);
  const text = why === undefined ? "without explanation" : `the request: ${why}`;
  return new ApiError({
    code: typeof code === "number" && code >= 400 ? code : 403,
    reason: textOf(reason) ?? "Forbidden",
    message: `admission webhook "${name}" denied ${why === undefined ? `the request ${text}` : text}`,
  });
}

function patched(webhook: JsonObject, object: JsonObject, answer: JsonObject): JsonObject {
  const patch = textOf(answer["patch"]);
  if (patch === undefined || patch === "") return object;
  const name = textOf(webhook["name"]) ?? "";
  if (answer["patchType"] !== "JSONPatch")
    throw internalError(`webhook "${name}" answered an unknown patchType`);
  try {
    const operations = JSON.parse(Buffer.from(patch, "base64").toString("utf8")) as Json;
    return objectOf(applyJsonPatch(object, operations));
  } catch (error) {
    throw internalError(
      `webhook "${name}" answered a patch that cannot be applied: ${(error as Error).message}`,
    );
  }
}
