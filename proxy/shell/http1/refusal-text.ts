// An answer in the proxy's own name.

import { statusText } from "../../policy/http1/status-text.ts";
import { REASON_HEADER, REASONS } from "../../policy/reasons.ts";
import type { AnswerableReason } from "../../policy/reasons.ts";

export interface Refusal {
  readonly reason: AnswerableReason;
  readonly headers: Readonly<Record<string, string>>;
  /** A HEAD request is answered without the text. */
  readonly isHeadMethod: boolean;
  /** What the Connection field says; "" for no such field. */
  readonly connection: string;
}

export function refusalText({ reason, headers, isHeadMethod, connection }: Refusal): string {
  const { code, statusCode, summary } = REASONS[reason];
  const body = `${summary}\n`;
  let text = `HTTP/1.1 ${statusCode} ${statusText(statusCode)}\r\n`;
  text += `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  text += `${REASON_HEADER}: ${code}\r\n`;
  for (const [name, value] of Object.entries(headers)) text += `${name}: ${value}\r\n`;
  if (connection !== "") text += `Connection: ${connection}\r\n`;
  return isHeadMethod ? `${text}\r\n` : `${text}\r\n${body}`;
}
