// The mesh's authority: a Secret with the one that signs and the one that will (ca.crt, ca.key, next.crt, next.key) and
// all roots that are trusted (roots.crt), which a ConfigMap tells every proxy. Read every half a minute by every replica,
// written by the leader; the API server's resourceVersion check keeps two leaders for a moment from undoing each other.

import { X509Certificate } from "node:crypto";
import { isConflict } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { ROOTS_KEY } from "#kube/mesh-roots.ts";
import { type ResourceKind, resourcePath } from "#kube/resource-path.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { authorityStep, MESH_AUTHORITY_LIFE_MS } from "../../policy/signing/authority-plan.ts";
import { type CertifiedKey, makeAuthority } from "../certificate-making.ts";

export interface MeshAuthorityOptions {
  readonly connection: Pick<KubeConnection, "request">;
  readonly namespace: string;
  /** Both are to exist; they may be empty. */
  readonly secret: string;
  readonly configMap: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const SECRETS: ResourceKind = { version: "v1", resource: "secrets" };
const CONFIG_MAPS: ResourceKind = { version: "v1", resource: "configmaps" };
/** The one that signs, the next, and predecessors: more would be five successions within one's life. */
const ROOTS_MAX = 6;
const REQUEST_MS_MAX = 5_000;
const NAME = "berth-mesh";

export class MeshAuthority {
  readonly #options: MeshAuthorityOptions;
  #signing: CertifiedKey | undefined;

  constructor(options: MeshAuthorityOptions) {
    this.#options = options;
  }

  /** What certificates are signed with; undefined until that was read and its root was published. */
  get signing(): CertifiedKey | undefined {
    return this.#signing;
  }

  /**
   * Reads it, takes the step that is due, and tells the roots.
   *
   * @throws OperationError if the API server does not let it.
   */
  async renew(): Promise<void> {
    const secret = (await this.#request("GET", SECRETS)) as RawSecret;
    const bundle = bundleOf(secret);
    const { clock, logger } = this.#options;
    const nowMs = clock.nowMs();
    const step = authorityStep({ present: validityOf(bundle.present), next: validityOf(bundle.next) }, nowMs);
    let kept = bundle;
    if (step !== "keep") {
      kept = await stepped(bundle, step, nowMs);
      logger.info({ step, secret: this.#options.secret }, "the mesh's authority is succeeded");
      if (!(await this.#write(secret, kept))) return;
    }
    if (await this.#publish(kept.roots)) this.#signing = kept.present;
  }

  async #write(secret: RawSecret, bundle: Bundle): Promise<boolean> {
    const data = Object.fromEntries(
      Object.entries({ ...secret.data, ...dataOf(bundle) }).filter(([, value]) => value !== ""),
    );
    try {
      await this.#request("PUT", SECRETS, { ...secret, data });
      return true;
    } catch (error) {
      // Another replica was faster; the next look shows what it wrote.
      if (isConflict(error)) return false;
      throw error;
    }
  }

  /** Nothing may be signed with a root that nobody was told of. */
  async #publish(roots: string): Promise<boolean> {
    const map = (await this.#request("GET", CONFIG_MAPS)) as RawConfigMap;
    if (map.data?.[ROOTS_KEY] === roots) return true;
    try {
      await this.#request("PUT", CONFIG_MAPS, { ...map, data: { ...map.data, [ROOTS_KEY]: roots } });
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  }

  #request(method: "GET" | "PUT", kind: ResourceKind, body?: unknown): Promise<unknown> {
    const { connection, namespace, secret, configMap } = this.#options;
    const path = resourcePath({ ...kind, namespace, name: kind === SECRETS ? secret : configMap });
    return connection.request({ method, path, body, timeoutMs: REQUEST_MS_MAX });
  }
}

interface Bundle {
  readonly present: CertifiedKey | undefined;
  readonly next: CertifiedKey | undefined;
  /** PEM, one after the other. */
  readonly roots: string;
}

type Step = Exclude<ReturnType<typeof authorityStep>, "keep">;

async function stepped({ present, next, roots }: Bundle, step: Step, nowMs: number): Promise<Bundle> {
  if (step === "promote") return { present: next, next: undefined, roots: withRoot(roots, next, nowMs) };
  const made = await makeAuthority(nowMs, { name: NAME, lifeMs: MESH_AUTHORITY_LIFE_MS });
  // Whoever lost the key that signed has lost trust in it, too: nothing of what was there stays.
  if (step === "begin") return { present: made, next: undefined, roots: made.certificate };
  return { present, next: made, roots: withRoot(roots, made, nowMs) };
}

/** Those that are over are left out; the newest come first. */
function withRoot(roots: string, authority: CertifiedKey | undefined, nowMs: number): string {
  const blocks = roots.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
  const all = [authority?.certificate ?? "", ...blocks].map((block) => block.trim()).filter(Boolean);
  const valid = [...new Set(all)].filter((pem) => new X509Certificate(pem).validToDate.getTime() > nowMs);
  return valid
    .slice(0, ROOTS_MAX)
    .map((pem) => `${pem}\n`)
    .join("");
}

function validityOf(
  authority: CertifiedKey | undefined,
): { readonly notBeforeMs: number; readonly notAfterMs: number } | undefined {
  if (authority === undefined) return undefined;
  const { validFromDate, validToDate } = new X509Certificate(authority.certificate);
  return { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() };
}

function bundleOf({ data = {} }: RawSecret): Bundle {
  const text = (key: string): string => Buffer.from(data[key] ?? "", "base64").toString("utf8");
  return {
    present: pairOf(text("ca.crt"), text("ca.key")),
    next: pairOf(text("next.crt"), text("next.key")),
    roots: text(ROOTS_KEY),
  };
}

/** @returns undefined for what is no certificate that may sign: it is made anew, as if it were not there. */
function pairOf(certificate: string, key: string): CertifiedKey | undefined {
  try {
    return new X509Certificate(certificate).ca && key !== "" ? { certificate, key } : undefined;
  } catch {
    // Told by the log line that says that an authority is made.
    return undefined;
  }
}

function dataOf({ present, next, roots }: Bundle): Readonly<Record<string, string>> {
  const base64 = (text = ""): string => Buffer.from(text).toString("base64");
  return {
    "ca.crt": base64(present?.certificate),
    "ca.key": base64(present?.key),
    "next.crt": base64(next?.certificate),
    "next.key": base64(next?.key),
    [ROOTS_KEY]: base64(roots),
  };
}

interface RawSecret {
  readonly data?: Readonly<Record<string, string>>;
}

interface RawConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}
