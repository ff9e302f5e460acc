// What a lenient parser lets through and a proxy must not: messages that the next hop could read differently. The
// parser itself refuses Content-Length together with Transfer-Encoding; the rest is refused here (RFC 9112 §3.2, §6.1).

import type { FlatHeaders } from "./forwarded-headers.ts";
import type { AnswerableReason } from "./reasons.ts";

export interface RequestHead {
  readonly httpVersion: string;
  readonly headers: FlatHeaders;
}

export type BodyFraming = "none" | "length" | "chunked";

export type HeadVerdict =
  | { readonly kind: "sound"; readonly framing: BodyFraming }
  | { readonly kind: "refused"; readonly reason: AnswerableReason };

/** Twice what browsers and service meshes send in practice. */
export const HEADERS_MAX = 100;
/** All of a request's header bytes; node:http's own default, stated here because a quota per connection needs one. */
export const HEADER_BYTES_MAX = 16 * 1024;

export function checkHead(head: RequestHead): HeadVerdict {
  const { headers, httpVersion } = head;
  // An HTTP/0.9 request line has no version, and no headers that could be trusted.
  if (httpVersion !== "1.1" && httpVersion !== "1.0") return refused("malformedRequest");
  if (headers.length / 2 > HEADERS_MAX) return refused("headersTooLarge");
  let hosts = 0;
  let lengths = 0;
  let length = "0";
  let coding: string | undefined;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const value = headers[index + 1] ?? "";
    switch (headers[index]?.toLowerCase()) {
      case "host":
        hosts += 1;
        if (!HOST.test(value)) return refused("malformedRequest");
        break;
      case "content-length":
        lengths += 1;
        length = value;
        break;
      case "transfer-encoding":
        if (coding !== undefined || httpVersion === "1.0") return refused("ambiguousRequest");
        coding = value.trim().toLowerCase();
        break;
      // Servers that turn names into CGI variables read these as the real ones.
      case "content_length":
      case "transfer_encoding":
        return refused("ambiguousRequest");
    }
  }
  if (hosts === 0 && httpVersion === "1.1") return refused("malformedRequest");
  if (hosts > 1 || lengths > 1) return refused("ambiguousRequest");
  if (coding === undefined) return { kind: "sound", framing: Number(length) > 0 ? "length" : "none" };
  if (lengths > 0) return refused("ambiguousRequest");
  return coding === "chunked" ? { kind: "sound", framing: "chunked" } : refused("codingUnsupported");
}

// The characters of a reg-name, an IP literal and a port; an empty Host is allowed by RFC 9112 §3.2.
const HOST = /^[A-Za-z0-9._~!$&'()*+,;=%:[\]-]*$/;

function refused(reason: AnswerableReason): HeadVerdict {
  return { kind: "refused", reason };
}
