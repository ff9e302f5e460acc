import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { GOING_AWAY, WebSocketFrames } from "./web-socket-frames.ts";

interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly isMasked: boolean;
  readonly payload: Uint8Array;
}

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const CONTINUATION = 0;

function encoded({ opcode, isFinal, isMasked, payload }: Frame): Buffer {
  const { length } = payload;
  const mask = isMasked ? 0x80 : 0;
  const head = [(isFinal ? 0x80 : 0) | opcode];
  if (length < 126) head.push(mask | length);
  else if (length < 65_536) head.push(mask | 126, length >> 8, length & 0xff);
  else
    head.push(
      mask | 127,
      0,
      0,
      0,
      0,
      length >>> 24,
      (length >> 16) & 0xff,
      (length >> 8) & 0xff,
      length & 0xff,
    );
  if (isMasked) head.push(1, 2, 3, 4);
  return Buffer.concat([Buffer.from(head), payload]);
}

const frames = fc.array(
  fc.record({
    opcode: fc.constantFrom(CONTINUATION, TEXT, 2, PING, 10),
    isFinal: fc.boolean(),
    isMasked: fc.boolean(),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 140 }),
      fc.constantFrom(125, 126, 65_535, 65_536).map((length) => new Uint8Array(length)),
    ),
  }),
  { maxLength: 8 },
);

test("between frames and between messages, wherever the bytes are cut", () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat({ max: 200_000 }), { maxLength: 6 }), (sent, cuts) => {
      const whole = Buffer.concat(sent.map(encoded));
      // The oracle: what stands at every end of a frame.
      const ends = new Map<number, boolean>([[0, false]]);
      let at = 0;
      let isOpen = false;
      for (const frame of sent) {
        at += encoded(frame).length;
        if (frame.opcode < CLOSE) isOpen = !frame.isFinal;
        ends.set(at, isOpen);
      }
      const reader = new WebSocketFrames();
      let from = 0;
      for (const to of [...cuts.map((cut) => cut % (whole.length + 1)), whole.length].toSorted(
        (a, b) => a - b,
      )) {
        reader.read(whole.subarray(from, to));
        from = to;
        assert.equal(reader.isBetweenFrames, ends.has(to));
        assert.equal(reader.isBetweenMessages, ends.get(to) === false);
      }
      assert.equal(reader.isClosed, false);
    }),
  );
});

test("what goes away says so in a whole frame, which is a side's last", () => {
  const reader = new WebSocketFrames();
  reader.read(GOING_AWAY);
  assert.deepEqual([reader.isBetweenMessages, reader.isClosed], [true, true]);
  assert.deepEqual(
    [...GOING_AWAY],
    [
      ...encoded({
        opcode: CLOSE,
        isFinal: true,
        isMasked: false,
        payload: Buffer.from([1001 >> 8, 1001 & 255]),
      }),
    ],
  );
});
