// Writes a head and what there is of a body in as few system calls as possible: small ones as one text, in which a
// character stands for a byte, large ones as they are.

import type { Writable } from "node:stream";

import type { BodyReader } from "../../policy/http1/body-reader.ts";

/** Up to here a copy is cheaper than a second buffer; below what the kernel takes in one write without allocating. */
const TEXT_BYTES_MAX = 8 * 1024;

/** `whole`: bytes may be kept as they are. `copied`: they are overwritten after the call. */
export type Ownership = "whole" | "copied";

export interface BodyPart {
  /** The message's head, or "". */
  readonly head: string;
  /** What the reader has read of the body, in these bytes. */
  readonly body: BodyReader;
  readonly bytes: Buffer;
  /** Whether the body is to be framed as chunks. */
  readonly isChunked: boolean;
  readonly ownership: Ownership;
}

/** @returns false if the writer should wait for `drain`. */
export function writePart(socket: Writable, { head, body, bytes, isChunked, ownership }: BodyPart): boolean {
  const { ranges, rangeBytes } = body;
  let before = head;
  let after = "";
  if (isChunked) {
    if (rangeBytes > 0) {
      before += `${rangeBytes.toString(16)}\r\n`;
      after = "\r\n";
    }
    if (body.isDone) after += `0\r\n${body.trailers}\r\n`;
  }
  if (rangeBytes > TEXT_BYTES_MAX) return writeLarge(socket, { before, after, ranges, bytes, ownership });
  let text = before;
  for (let index = 0; index < ranges.length; index += 2) {
    const start = ranges[index] ?? 0;
    const end = ranges[index + 1] ?? 0;
    if (start < end) text += bytes.toString("latin1", start, end);
  }
  text += after;
  return text === "" || socket.write(text, "latin1");
}

interface LargePart {
  readonly before: string;
  readonly after: string;
  readonly ranges: readonly number[];
  readonly bytes: Buffer;
  readonly ownership: Ownership;
}

function writeLarge(socket: Writable, { before, after, ranges, bytes, ownership }: LargePart): boolean {
  socket.cork();
  if (before !== "") socket.write(before, "latin1");
  socket.write(
    ranges.length === 2 && ownership === "whole" ? bytes.subarray(...ranges) : copied(bytes, ranges),
  );
  if (after !== "") socket.write(after, "latin1");
  socket.uncork();
  return !socket.writableNeedDrain;
}

function copied(bytes: Buffer, ranges: readonly number[]): Buffer {
  let length = 0;
  for (let index = 0; index < ranges.length; index += 2) {
    length += (ranges[index + 1] ?? 0) - (ranges[index] ?? 0);
  }
  const copy = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (let index = 0; index < ranges.length; index += 2) {
    at += bytes.copy(copy, at, ranges[index], ranges[index + 1]);
  }
  return copy;
}
