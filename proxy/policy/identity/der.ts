// DER (X.690), as far as a certificate request takes it: it is written here, never read. Whoever asks for a certificate
// on every node had better not load a library of 20 MB for one object of two hundred bytes.

export type Der = Uint8Array<ArrayBuffer>;

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const BOOLEAN = 0x01;
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

export const sequence = (...parts: readonly Der[]): Der => tagged(SEQUENCE, ...parts);
export const set = (...parts: readonly Der[]): Der => tagged(SET, ...parts);
export const octetString = (content: Der): Der => tagged(OCTET_STRING, content);
/** Of whole bytes: none of their bits is unused. */
export const bitString = (content: Der): Der => tagged(BIT_STRING, Uint8Array.of(0), content);
export const isTrue: Der = tagged(BOOLEAN, Uint8Array.of(0xff));
/** @param value from 0 to 127. */
export const smallInteger = (value: number): Der => tagged(INTEGER, Uint8Array.of(value));
export const contextConstructed = (tag: number, ...parts: readonly Der[]): Der =>
  tagged(CONTEXT | CONSTRUCTED | tag, ...parts);

/** An implicitly tagged string, @param text in ASCII. */
export function contextText(tag: number, text: string): Der {
  return tagged(CONTEXT | tag, new TextEncoder().encode(text));
}

/** @param dotted such as 1.2.840.10045.4.3.2. */
export function objectIdentifier(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tagged(OBJECT_IDENTIFIER, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): readonly number[] {
  const digits = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}

function tagged(tag: number, ...parts: readonly Der[]): Der {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [tag, ...lengthOctets(length)];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff);
  return [0x80 | octets.length, ...octets];
}
