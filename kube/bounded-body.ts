// An answer's body as text, refused once it grows past a limit.

import { OperationError } from "#runtime/operation-error.ts";

/** @throws OperationError KubeBodyTooLarge; the stream is destroyed then, and its socket with it. */
export async function boundedBody(chunks: AsyncIterable<Uint8Array>, bytesMax: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      throw new OperationError("KubeBodyTooLarge", `the answer is larger than ${bytesMax} bytes`);
    }
    parts.push(chunk);
  }
  return Buffer.concat(parts, bytes).toString("utf8");
}
