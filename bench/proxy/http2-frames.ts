// As much of HTTP/2 as the bench's own load and origin need: frames (RFC 9113 §4.1) with headers from HPACK's static
// table, so that neither side keeps any state of it.

export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

export const FRAME = { data: 0, headers: 1, settings: 4, ping: 6, goaway: 7, windowUpdate: 8 } as const;
export const ACK = 0x1;
export const END_STREAM = 0x1;
export const END_HEADERS = 0x4;
/** The first byte of a header block that begins with `:status: 200`. */
export const STATUS_200 = 0x88;

export interface FrameHead {
  readonly kind: number;
  readonly flags: number;
  readonly stream: number;
}

export function frame({ kind, flags, stream }: FrameHead, payload: Buffer = NOTHING): Buffer {
  const bytes = Buffer.alloc(FRAME_HEAD_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = kind;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  payload.copy(bytes, FRAME_HEAD_BYTES);
  return bytes;
}

/** A line that no table holds, neither now nor later. */
export function literal(name: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
}

/** Lets the other side send as much as it likes on the whole connection. */
export function openWindow(): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(2 ** 30);
  return frame({ kind: FRAME.windowUpdate, flags: 0, stream: 0 }, payload);
}

/** Cuts what comes into frames. */
export class FrameReader {
  readonly #seen: (head: FrameHead, payload: Buffer) => void;
  #before: Buffer = NOTHING;

  constructor(seen: (head: FrameHead, payload: Buffer) => void) {
    this.#seen = seen;
  }

  read(chunk: Buffer): void {
    const bytes = this.#before.length === 0 ? chunk : Buffer.concat([this.#before, chunk]);
    let at = 0;
    while (bytes.length - at >= FRAME_HEAD_BYTES) {
      const end = at + FRAME_HEAD_BYTES + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      const head = {
        kind: bytes[at + 3] ?? 0,
        flags: bytes[at + 4] ?? 0,
        stream: bytes.readUInt32BE(at + 5),
      };
      this.#seen(head, bytes.subarray(at + FRAME_HEAD_BYTES, end));
      at = end;
    }
    this.#before = bytes.subarray(at);
  }
}

const FRAME_HEAD_BYTES = 9;
const NOTHING: Buffer = Buffer.alloc(0);
