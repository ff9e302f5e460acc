// A byte stream cut into lines, for watches: one JSON document per line, of bounded length.

import { OperationError } from "#runtime/operation-error.ts";

/**
 * Yields each line as text, without its end. Cuts at the byte 0x0A, which is never part of a longer UTF-8 sequence, so
 * characters split across chunks come out whole. A last line without an end is yielded too; empty lines are not.
 *
 * @throws OperationError KubeLineTooLong as soon as a line is known to exceed `lineBytesMax`.
 */
export async function* jsonLines(
  chunks: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<string, void> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      pending.push(chunk.subarray(start, end));
      pendingBytes += end - start;
      start = end + 1;
      const line = decodeLine(pending, pendingBytes, lineBytesMax);
      pending = [];
      pendingBytes = 0;
      if (line !== "") yield line;
    }
    if (start < chunk.length) {
      pending.push(chunk.subarray(start));
      pendingBytes += chunk.length - start;
      refuseLongLine(pendingBytes, lineBytesMax);
    }
  }
  const line = decodeLine(pending, pendingBytes, lineBytesMax);
  if (line !== "") yield line;
}

function decodeLine(parts: readonly Uint8Array[], bytes: number, lineBytesMax: number): string {
  refuseLongLine(bytes, lineBytesMax);
  return Buffer.concat(parts, bytes).toString("utf8").trim();
}

function refuseLongLine(bytes: number, lineBytesMax: number): void {
  if (bytes <= lineBytesMax) return;
  throw new OperationError("KubeLineTooLong", `a line of the stream is longer than ${lineBytesMax} bytes`);
}

const LINE_FEED = 0x0a;
