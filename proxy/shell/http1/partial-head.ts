// The beginning of a head, until the rest has come. Most heads come in one piece and need no copy.

const EMPTY = Buffer.alloc(0);
const ROOM_BYTES = 2 * 1024;

export class PartialHead {
  #room = EMPTY;
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** @returns all that has come, valid until the next call. */
  append(bytes: Buffer, from: number, to: number): Buffer {
    const length = this.#length + to - from;
    if (length > this.#room.length) {
      const room = Buffer.allocUnsafeSlow(Math.max(ROOM_BYTES, length * 2));
      this.#room.copy(room, 0, 0, this.#length);
      this.#room = room;
    }
    bytes.copy(this.#room, this.#length, from, to);
    this.#length = length;
    return this.#room.subarray(0, length);
  }

  clear(): void {
    this.#length = 0;
    this.#room = EMPTY;
  }
}
