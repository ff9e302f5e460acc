// Names to addresses by c-ares. getaddrinfo is not used: it runs on the thread pool, which all instances share, so that
// one app's slow DNS would hold up every other's.

import { Resolver } from "node:dns/promises";
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";

import type { Clock } from "#runtime/clock.ts";
import { OperationError } from "#runtime/operation-error.ts";

import { searchNames } from "../policy/search-names.ts";
import type { DestinationGuard } from "./destination-guard.ts";

/** Names remembered per instance: more services than one app calls; the oldest makes room. */
export const NAMES_CACHED_MAX = 1024;
/** A record's own time to live counts within these bounds. */
const TTL_SECONDS_MIN = 1;
const TTL_SECONDS_MAX = 60;
/** That a name has no address is remembered briefly: services appear while their clients wait. */
const NEGATIVE_SECONDS = 1;
const QUERY_TIMEOUT_MS = 2_000;
const QUERY_TRIES = 2;

/** Part of dns/promises' Resolver. */
export interface NameQueries {
  resolve4(name: string, options: { ttl: true }): Promise<readonly TimedAddress[]>;
  resolve6(name: string, options: { ttl: true }): Promise<readonly TimedAddress[]>;
}

interface TimedAddress {
  readonly address: string;
  readonly ttl: number;
}

export interface NameResolverOptions {
  /** Whose services a name without dots means. */
  readonly namespace: string;
  readonly guard: DestinationGuard;
  readonly clock: Clock;
  readonly queries?: NameQueries;
}

interface CachedName {
  readonly addresses: readonly LookupAddress[];
  readonly expiresAtMs: number;
}

export class NameResolver {
  readonly #options: NameResolverOptions;
  readonly #queries: NameQueries;
  readonly #cached = new Map<string, CachedName>();
  readonly #pending = new Map<string, Promise<readonly LookupAddress[]>>();

  constructor(options: NameResolverOptions) {
    this.#options = options;
    this.#queries = options.queries ?? new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
  }

  /** For the `lookup` option of sockets. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    void this.#answer(host, (error, addresses) => {
      const [first] = addresses;
      if (options.all === true) callback(error, [...addresses]);
      else callback(error, first?.address ?? "", first?.family);
    });
  };

  /** @throws OperationError NameUnresolved, or DestinationForbidden if none of its addresses may be reached. */
  async resolve(host: string): Promise<readonly LookupAddress[]> {
    const addresses = await this.#addresses(host);
    if (addresses.length === 0) throw new OperationError("NameUnresolved", `${host} has no address`);
    const allowed = addresses.filter(({ address }) => !this.#options.guard.isForbidden(address));
    if (allowed.length > 0) return allowed;
    throw new OperationError("DestinationForbidden", `${host} is an address of the node itself`);
  }

  async #answer(
    host: string,
    done: (error: Error | null, addresses: readonly LookupAddress[]) => void,
  ): Promise<void> {
    let addresses: readonly LookupAddress[] = [];
    let failure: Error | null = null;
    try {
      addresses = await this.resolve(host);
    } catch (error) {
      failure = error as Error;
    }
    // Outside the try: an error thrown by the socket's own code is not a failed lookup.
    done(failure, addresses);
  }

  #addresses(host: string): Promise<readonly LookupAddress[]> {
    const cached = this.#cached.get(host);
    if (cached !== undefined && cached.expiresAtMs > this.#options.clock.nowMs()) {
      return Promise.resolve(cached.addresses);
    }
    const pending = this.#pending.get(host);
    if (pending !== undefined) return pending;
    const query = this.#search(host).finally(() => this.#pending.delete(host));
    this.#pending.set(host, query);
    return query;
  }

  async #search(host: string): Promise<readonly LookupAddress[]> {
    // RFC 6761: this name never goes to a server.
    if (host === "localhost" || host.endsWith(".localhost")) return LOCALHOST;
    for (const name of searchNames(host, this.#options.namespace)) {
      const found = await this.#query(name);
      if (found.length === 0) continue;
      const ttl = Math.min(...found.map((answer) => answer.ttl));
      return this.#remember(host, found, Math.min(TTL_SECONDS_MAX, Math.max(TTL_SECONDS_MIN, ttl)));
    }
    return this.#remember(host, [], NEGATIVE_SECONDS);
  }

  async #query(name: string): Promise<readonly (LookupAddress & { readonly ttl: number })[]> {
    const [four, six] = await Promise.allSettled([
      this.#queries.resolve4(name, { ttl: true }),
      this.#queries.resolve6(name, { ttl: true }),
    ]);
    // A failed query is as good as an empty one: the client gets NameUnresolved, and the name is asked for again.
    return [...answersOf(four, 4), ...answersOf(six, 6)];
  }

  #remember(host: string, found: readonly LookupAddress[], seconds: number): readonly LookupAddress[] {
    const addresses = found.map(({ address, family }) => ({ address, family }));
    this.#cached.delete(host);
    if (this.#cached.size >= NAMES_CACHED_MAX) {
      const [oldest] = this.#cached.keys();
      if (oldest !== undefined) this.#cached.delete(oldest);
    }
    this.#cached.set(host, { addresses, expiresAtMs: this.#options.clock.nowMs() + seconds * 1000 });
    return addresses;
  }
}

function answersOf(
  result: PromiseSettledResult<readonly TimedAddress[]>,
  family: 4 | 6,
): readonly (LookupAddress & { readonly ttl: number })[] {
  if (result.status === "rejected") return [];
  return result.value.map(({ address, ttl }) => ({ address, ttl, family }));
}

const LOCALHOST: readonly LookupAddress[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];
