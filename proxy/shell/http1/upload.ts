// The body of a client's request on its way to the destination.

import { BodyReader } from "../../policy/http1/body-reader.ts";
import type { RequestHead } from "../../policy/http1/request-head.ts";
import { writePart } from "./body-writer.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

/** `full`: the destination takes no more for now. */
export type UploadProgress = "flowing" | "full" | "malformed";

/**
 * A body of known length has been ready to be sent from the start: less than this in the time of a silence is a client
 * that means to hold on to the app's attention. A chunked one may be made while it is sent.
 */
const PROGRESS_BYTES_MIN = 1024;

export const NOTHING = Buffer.alloc(0);

export class Upload {
  readonly #body = new BodyReader();
  #isChunked = false;
  #bytesSinceProgress = 0;

  /** All of it has come. */
  get isDone(): boolean {
    return this.#body.isDone;
  }

  /** Behind the request in what was read last. */
  get end(): number {
    return this.#body.end;
  }

  start({ framing, contentLength }: Pick<RequestHead, "framing" | "contentLength">): void {
    this.#isChunked = framing === "chunked";
    this.#bytesSinceProgress = 0;
    this.#body.start(framing, contentLength);
  }

  /** Passes on what has come, behind the request's head if there is one. */
  relay(upstream: UpstreamConnection, head: string, bytes: Buffer): UploadProgress {
    const body = this.#body;
    if (body.read(bytes, 0, bytes.length) === "malformed") return "malformed";
    this.#bytesSinceProgress += body.rangeBytes;
    if (body.isDone) upstream.requestSent();
    const part = { head, body, bytes, isChunked: this.#isChunked, ownership: "whole" } as const;
    return writePart(upstream.writable, part) ? "flowing" : "full";
  }

  /** Reads and drops what has come. @returns false if it is malformed. */
  discard(bytes: Buffer): boolean {
    return this.#body.read(bytes, 0, bytes.length) !== "malformed";
  }

  /** Enough has come since the last time it was asked to call it progress. */
  takeProgress(): boolean {
    const isProgress = this.isDone || this.#isChunked || this.#bytesSinceProgress >= PROGRESS_BYTES_MIN;
    if (isProgress) this.#bytesSinceProgress = 0;
    return isProgress;
  }
}
