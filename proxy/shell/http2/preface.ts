// Tells connections that speak HTTP/2 from the start (RFC 9113 §3.3, prior knowledge) from all others.

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** No request of HTTP/1.1 begins with it. */
const TELLING_BYTES = 3;

/** @param bytes the first ones of a connection. */
export function isHttp2Preface(bytes: Buffer): boolean {
  if (bytes.length < TELLING_BYTES || bytes[0] !== PREFACE[0] || bytes[1] !== PREFACE[1]) return false;
  const length = Math.min(bytes.length, PREFACE.length);
  return PREFACE.compare(bytes, 0, length, 0, length) === 0;
}
