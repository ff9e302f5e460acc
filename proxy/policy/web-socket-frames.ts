// Where the frames of one side of a WebSocket end (RFC 6455 §5.2), without a look at what is in them: a proxy that has to
// leave may say so between two frames only, and best where no message has begun.

const OPCODE = 0x0f;
const FIN = 0x80;
const MASKED = 0x80;
const LENGTH = 0x7f;
const LENGTH_OF_2_BYTES = 126;
const LENGTH_OF_8_BYTES = 127;
const CLOSE = 0x8;
const MASK_BYTES = 4;
/** Two bytes, a length of eight, and a mask. */
const HEAD_BYTES_MAX = 14;

/** "Going away" (RFC 6455 §7.4.1), as a server says it: unmasked, without a reason. */
export const GOING_AWAY = Uint8Array.of(FIN | CLOSE, 2, 1001 >> 8, 1001 & 0xff);

export class WebSocketFrames {
  readonly #head = new Uint8Array(HEAD_BYTES_MAX);
  #headBytes = 0;
  #payloadLeft = 0;
  #isMessageOpen = false;
  #isClosed = false;

  /** Neither a frame nor a message of several frames has begun and not ended. */
  get isBetweenMessages(): boolean {
    return this.isBetweenFrames && !this.#isMessageOpen;
  }

  get isBetweenFrames(): boolean {
    return this.#headBytes === 0 && this.#payloadLeft === 0;
  }

  /** This side has said that it closes: nothing may follow. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  read(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, bytes.length - at);
        this.#payloadLeft -= taken;
        at += taken;
        continue;
      }
      this.#head[this.#headBytes] = bytes[at] ?? 0;
      this.#headBytes += 1;
      at += 1;
      if (this.#headBytes >= 2 && this.#headBytes === this.#headLength()) this.#begin();
    }
  }

  #headLength(): number {
    const second = this.#head[1] ?? 0;
    return 2 + lengthBytes(second & LENGTH) + (second & MASKED ? MASK_BYTES : 0);
  }

  #begin(): void {
    const [first = 0, second = 0] = this.#head;
    this.#headBytes = 0;
    this.#payloadLeft = this.#payloadLength(second & LENGTH);
    const opcode = first & OPCODE;
    if (opcode === CLOSE) this.#isClosed = true;
    // Control frames come in the middle of messages, too.
    if (opcode < CLOSE) this.#isMessageOpen = (first & FIN) === 0;
  }

  #payloadLength(short: number): number {
    let length = 0;
    const count = lengthBytes(short);
    if (count === 0) return short;
    // Above 2^53 it is not exact any more, and no connection lives to see the end of such a frame.
    for (let index = 2; index < 2 + count; index++) length = length * 256 + (this.#head[index] ?? 0);
    return length;
  }
}

function lengthBytes(short: number): number {
  if (short === LENGTH_OF_2_BYTES) return 2;
  return short === LENGTH_OF_8_BYTES ? 8 : 0;
}
