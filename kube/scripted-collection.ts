// The truth that a reflector is tested against: one collection with a history, served as the Kubernetes API serves it,
// and able to go wrong on command. Only what the reflector's tests need; sim/loopback is the full API.

import type { ServerResponse } from "node:http";
import { answerJson, answerStatus, startScriptedServer } from "./scripted-server.ts";
import type { ScriptedRequest, ScriptedServer } from "./scripted-server.ts";

export interface ScriptedObject {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly value: unknown;
}

export class ScriptedCollection implements AsyncDisposable {
  readonly objects = new Map<string, ScriptedObject>();
  /** Queries of the lists and of the watches so far. */
  readonly lists: ScriptedRequest["query"][] = [];
  readonly watches: ScriptedRequest["query"][] = [];
  #version = FIRST_VERSION;
  #compactedVersion = 0;
  #uid = 0;
  #history: HistoryEntry[] = [];
  #streams = new Set<ServerResponse>();
  #snapshots = new Map<string, Snapshot>();
  #failures: { readonly code: number; readonly reason: string }[] = [];
  #server: ScriptedServer | undefined;

  static async start(): Promise<ScriptedCollection> {
    const collection = new ScriptedCollection();
    collection.#server = await startScriptedServer((request, response) =>
      collection.#answer(request, response),
    );
    return collection;
  }

  get url(): string {
    return this.#server?.url ?? "";
  }

  get resourceVersion(): number {
    return this.#version;
  }

  get openWatches(): number {
    return this.#streams.size;
  }

  /** Creates or updates `default/<name>`. */
  set(name: string, value: unknown): void {
    const present = this.objects.get(name);
    const resourceVersion = String((this.#version += 1));
    const uid = present?.metadata.uid ?? `uid-${(this.#uid += 1)}`;
    const object = { metadata: { namespace: "default", name, uid, resourceVersion }, value };
    this.objects.set(name, object);
    this.#record({ type: present === undefined ? "ADDED" : "MODIFIED", object });
  }

  delete(name: string): void {
    const present = this.objects.get(name);
    if (present === undefined) return;
    this.objects.delete(name);
    const metadata = { ...present.metadata, resourceVersion: String((this.#version += 1)) };
    this.#record({ type: "DELETED", object: { ...present, metadata } });
  }

  /** Tells open watches the present version, as the API server does once a minute. */
  bookmark(): void {
    this.#send({ type: "BOOKMARK", object: { metadata: { resourceVersion: String(this.#version) } } });
  }

  /** Forgets the history: older versions and continue tokens are answered 410 from now on. */
  compact(): void {
    this.#compactedVersion = this.#version;
    this.#history = [];
  }

  /** Comes back empty and counts its versions from the start, as after a restart without storage. */
  restart(): void {
    this.objects.clear();
    this.compact();
    this.#version = FIRST_VERSION;
    this.failNext(410, "Expired");
    this.breakWatches();
  }

  /** The next requests are refused, one for each call. */
  failNext(code: number, reason: string): void {
    this.#failures.push({ code, reason });
  }

  /** Ends the open watches as after their timeoutSeconds. */
  endWatches(): void {
    for (const stream of this.#takeStreams()) stream.end();
  }

  /** Cuts the open watches' connections. */
  breakWatches(): void {
    for (const stream of this.#takeStreams()) stream.destroy();
  }

  /** Cuts the open watches in the middle of an event, whose version is then not seen. */
  breakWatchesMidLine(): void {
    for (const stream of this.#takeStreams()) {
      stream.write('{"type":"ADDED","object":{"metadata":{"na', () => stream.destroy());
    }
  }

  sendError(code: number, reason: string): void {
    this.#send({ type: "ERROR", object: { kind: "Status", code, reason, message: `scripted ${reason}` } });
  }

  /** Written to the open watches as it is. */
  sendRaw(bytes: Uint8Array | string): void {
    for (const stream of this.#streams) stream.write(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  #answer(request: ScriptedRequest, response: ServerResponse): void {
    const isWatch = request.query["watch"] === "true";
    (isWatch ? this.watches : this.lists).push(request.query);
    const failure = this.#failures.shift();
    if (failure !== undefined) answerStatus(response, failure.code, failure.reason);
    else if (isWatch) this.#answerWatch(Number(request.query["resourceVersion"]), response);
    else this.#answerList(request.query, response);
  }

  #answerList(query: ScriptedRequest["query"], response: ServerResponse): void {
    const token = query["continue"];
    const snapshot =
      token === undefined
        ? { version: this.#version, offset: 0, items: [...this.objects.values()] }
        : this.#snapshots.get(token);
    if (snapshot === undefined || (token !== undefined && snapshot.version < this.#compactedVersion)) {
      answerStatus(response, 410, "Expired");
      return;
    }
    const { version, items } = snapshot;
    const end = snapshot.offset + Number(query["limit"] ?? items.length);
    const next = `${version}-${end}`;
    if (end < items.length) this.#snapshots.set(next, { ...snapshot, offset: end });
    const metadata = { resourceVersion: String(version), continue: end < items.length ? next : "" };
    answerJson(response, 200, { kind: "List", metadata, items: items.slice(snapshot.offset, end) });
  }

  #answerWatch(version: number, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    if (version < this.#compactedVersion) {
      const object = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
      response.end(`${JSON.stringify({ type: "ERROR", object })}\n`);
      return;
    }
    for (const { version: entryVersion, line } of this.#history) {
      if (entryVersion > version) response.write(line);
    }
    this.#streams.add(response);
    response.on("close", () => this.#streams.delete(response));
  }

  #record(event: { readonly type: string; readonly object: ScriptedObject }): void {
    this.#history.push({ version: this.#version, line: `${JSON.stringify(event)}\n` });
    this.#send(event);
  }

  #send(event: unknown): void {
    this.sendRaw(`${JSON.stringify(event)}\n`);
  }

  #takeStreams(): ServerResponse[] {
    const streams = [...this.#streams];
    this.#streams.clear();
    return streams;
  }
}

const FIRST_VERSION = 100;

interface HistoryEntry {
  readonly version: number;
  readonly line: string;
}

interface Snapshot {
  readonly version: number;
  readonly offset: number;
  readonly items: readonly ScriptedObject[];
}
