// The signer of the mesh: answers the CertificateSigningRequests of node proxies (policy/signing/signing-verdict.ts).
// Every replica follows them, the leader alone answers. A request that is denied says why, in its condition and in a line
// of the audit log; one that is certified is approved first, as Kubernetes has it.

import { isConflict, isNotFound } from "#kube/api-error.ts";
import {
  decodeSigningRequest,
  MESH_SIGNER,
  SIGNING_REQUESTS,
  type SigningRequest,
} from "#kube/certificate-signing-request.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { LogGate } from "#kube/log-gate.ts";
import { Reflector } from "#kube/reflector.ts";
import { resourcePath } from "#kube/resource-path.ts";
import { TokenBucket } from "#kube/token-bucket.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { NodeAllowance } from "../../policy/signing/node-allowance.ts";
import { SIGNING_REASONS, type SigningReasonName } from "../../policy/signing/signing-reasons.ts";
import { type SignerRules, signingVerdict } from "../../policy/signing/signing-verdict.ts";
import { makeAppCertificate } from "../certificate-making.ts";
import { readCertificateRequest } from "./certificate-request.ts";
import type { MeshAuthority } from "./mesh-authority.ts";
import type { SignerMetrics } from "./signer-metrics.ts";

export interface MeshSignerOptions {
  readonly connection: Pick<KubeConnection, "request" | "watch" | "patch">;
  readonly authority: Pick<MeshAuthority, "signing" | "renew">;
  readonly ledger: LedgerView;
  readonly rules: SignerRules;
  /** Leads, and its view of the cluster can be trusted. */
  readonly mayAct: () => boolean;
  readonly metrics: (waiting: () => number) => SignerMetrics;
  /** The machine's: certificates are valid by the time of those who read them. */
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Two writes each: a cluster of 5,000 nodes with ten apps is certified from nothing in a quarter of an hour. */
const ANSWER_RATE = { burst: 200, perSecond: 50 };
const UNDERWAY_MAX = 8;
/** Requests above it wait to be listed again: etcd holds them. */
const WAITING_MAX = 20_000;
/** Also how long leadership, which comes without an event, may go unnoticed. */
const LOOK_MS_MAX = 500;
const RETRY_MS = 2_000;
const AUTHORITY_MS = 30_000;
const AUTHORITY_RETRY_MS = 2_000;
const LOG_INTERVAL_MS = 60_000;

export class MeshSigner {
  readonly #options: MeshSignerOptions;
  readonly #requests: Reflector<SigningRequest>;
  readonly #waiting = new Map<string, { request: SigningRequest; dueMs: number }>();
  readonly #underway = new Set<Promise<void>>();
  readonly #allowance = new NodeAllowance();
  readonly #bucket: TokenBucket;
  readonly #metrics: SignerMetrics;
  readonly #failureGate: LogGate;
  #authorityDueMs = 0;
  #isRenewing = false;
  #cancel: Cancel = () => undefined;
  #isStopped = false;

  constructor(options: MeshSignerOptions) {
    this.#options = options;
    const { clock } = options;
    this.#metrics = options.metrics(() => this.#waiting.size);
    this.#bucket = new TokenBucket(ANSWER_RATE, clock.nowMs());
    this.#failureGate = new LogGate(clock, LOG_INTERVAL_MS);
    this.#requests = new Reflector<SigningRequest>({
      ...options,
      path: resourcePath(SIGNING_REQUESTS),
      query: { fieldSelector: `spec.signerName=${MESH_SIGNER}` },
      name: "certificatesigningrequests",
      decode: decodeSigningRequest,
      handlers: {
        upserted: (request) => this.#seen(request),
        deleted: ({ name }) => this.#waiting.delete(name),
      },
    });
  }

  start(): void {
    this.#requests.start();
    this.#turn();
  }

  /** No more answers; what was begun is waited for. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await Promise.all([this.#requests.stop(), ...this.#underway]);
  }

  #seen(request: SigningRequest): void {
    const isOpen = request.state === "pending" || request.state === "approved";
    if (!isOpen) this.#waiting.delete(request.name);
    else if (this.#waiting.size < WAITING_MAX || this.#waiting.has(request.name)) {
      this.#waiting.set(request.name, { request, dueMs: this.#waiting.get(request.name)?.dueMs ?? 0 });
      if (!this.#isStopped) this.#turnSoon(0);
    }
  }

  #turnSoon(afterMs: number): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(afterMs, () => this.#turn());
  }

  #turn(): void {
    if (this.#isStopped) return;
    this.#turnSoon(LOOK_MS_MAX);
    if (!this.#options.mayAct()) return;
    this.#renewAuthority();
    const { authority, clock } = this.#options;
    if (authority.signing === undefined) return;
    const nowMs = clock.nowMs();
    for (const waiting of this.#waiting.values()) {
      if (this.#underway.size >= UNDERWAY_MAX) return;
      if (waiting.dueMs > nowMs) continue;
      if (!this.#bucket.take(nowMs)) return;
      waiting.dueMs = Infinity;
      this.#begin(this.#answered(waiting.request));
    }
  }

  #begin(work: Promise<void>): void {
    const underway: Promise<void> = work.finally(() => {
      this.#underway.delete(underway);
      if (!this.#isStopped) this.#turnSoon(0);
    });
    this.#underway.add(underway);
  }

  #renewAuthority(): void {
    const { authority, clock, logger } = this.#options;
    if (this.#isRenewing || clock.nowMs() < this.#authorityDueMs) return;
    this.#isRenewing = true;
    const renewing = authority.renew().then(
      () => void (this.#authorityDueMs = clock.nowMs() + AUTHORITY_MS),
      (error: unknown) => {
        if (!(error instanceof OperationError)) throw error;
        this.#authorityDueMs = clock.nowMs() + AUTHORITY_RETRY_MS;
        this.#failureGate.pass((suppressed) =>
          logger.error({ error: error.message, suppressed }, "the mesh's authority is not kept"),
        );
      },
    );
    this.#begin(renewing.finally(() => void (this.#isRenewing = false)));
  }

  async #answered(request: SigningRequest): Promise<void> {
    const { clock, logger } = this.#options;
    try {
      const lookAgainMs = await this.#answer(request);
      const waiting = this.#waiting.get(request.name);
      if (lookAgainMs === undefined) this.#waiting.delete(request.name);
      else if (waiting !== undefined) waiting.dueMs = lookAgainMs;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const waiting = this.#waiting.get(request.name);
      // It is gone, or was answered by another leader, or is another version by now, which the watch shows.
      if (isNotFound(error)) this.#waiting.delete(request.name);
      else if (waiting !== undefined) waiting.dueMs = clock.nowMs() + RETRY_MS;
      if (isNotFound(error) || isConflict(error)) return;
      this.#failureGate.pass((suppressed) =>
        logger.warn({ request: request.name, error: error.message, suppressed }, "certificate not issued"),
      );
    }
  }

  /** @returns when to look at it again; undefined if it is answered. */
  async #answer(request: SigningRequest): Promise<number | undefined> {
    const { authority, ledger, rules, clock, logger } = this.#options;
    const nowMs = clock.nowMs();
    const asked = await readCertificateRequest(request.request);
    const question = { ...request, spiffeId: asked?.spiffeId };
    const verdict = signingVerdict(question, rules, { ledger, nowMs });
    if (verdict.kind === "wait") return Math.min(verdict.untilMs, nowMs + LOOK_MS_MAX);
    const { signing } = authority;
    if (verdict.kind === "deny") return this.#refuse(request, verdict.reason, asked?.spiffeId);
    if (!this.#allowance.take(verdict.node, nowMs)) return this.#refuse(request, "tooMany", asked?.spiffeId);
    if (asked === undefined || signing === undefined) return nowMs + RETRY_MS;
    const certificate = await makeAppCertificate({
      authority: signing,
      ...asked,
      nowMs,
      lifeMs: verdict.lifeMs,
    });
    const message = `the app has a pod on node ${verdict.node}, whose proxy asks`;
    if (request.state === "pending")
      await this.#patch(request, "approval", {
        conditions: [...request.conditions, condition("Approved", "AppOnNode", message)],
      });
    await this.#patch(request, "status", { certificate: Buffer.from(certificate).toString("base64") });
    this.#metrics.answered("issued");
    const { app, node } = verdict;
    logger.info({ audit: "certificate-issued", app, node, request: request.name }, "certificate issued");
    return undefined;
  }

  /** A request that somebody has approved cannot be denied any more; it fails. */
  async #refuse(
    request: SigningRequest,
    name: SigningReasonName,
    spiffeId: string | undefined,
  ): Promise<undefined> {
    const { code, summary } = SIGNING_REASONS[name];
    const message = `${summary} Asked: ${spiffeId ?? "nothing readable"}, from node ${request.node ?? "unknown"}.`;
    const { logger } = this.#options;
    const denied = request.state === "pending";
    await this.#patch(request, denied ? "approval" : "status", {
      conditions: [...request.conditions, condition(denied ? "Denied" : "Failed", code, message)],
    });
    this.#metrics.answered(code);
    const { username, node, pod } = request;
    logger.warn(
      { audit: "certificate-refused", reason: code, spiffeId, username, node, pod, request: request.name },
      "certificate refused",
    );
    return undefined;
  }

  async #patch(request: SigningRequest, subresource: "approval" | "status", status: object): Promise<void> {
    const path = resourcePath({ ...SIGNING_REQUESTS, name: request.name, subresource });
    const body = { metadata: { uid: request.uid }, status };
    await this.#options.connection.patch(path, body, { type: "merge" });
  }
}

function condition(type: string, reason: string, message: string): object {
  return { type, status: "True", reason, message };
}
