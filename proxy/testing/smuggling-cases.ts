// Requests that servers have been known to read in different ways, most of them from RFC 9112 §11.2 and from published
// attacks on chains of proxies: CL.TE, TE.CL, TE.0, CL.0, obfuscated codings, chunk extensions, bare line ends. Each is
// followed by a request for /last, and may hide one for /hidden.

export interface SmugglingCase {
  readonly name: string;
  readonly bytes: string;
  /** What an app may see of it, /last apart; undefined if it is to be refused before it sees anything. */
  readonly seen: readonly string[] | undefined;
}

export const LAST = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const HIDDEN = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
const HIDDEN_HEX = HIDDEN.length.toString(16);
const CHUNKED = `${HIDDEN_HEX}\r\n${HIDDEN}\r\n0\r\n\r\n`;
const EMPTY_CHUNKED = "0\r\n\r\n";

function post(lines: string, body: string): string {
  return `POST /first HTTP/1.1\r\nHost: a\r\n${lines}\r\n${body}`;
}

function refused(name: string, bytes: string): SmugglingCase {
  return { name, bytes, seen: undefined };
}

function read(name: string, bytes: string, seen: readonly string[] = ["POST /first"]): SmugglingCase {
  return { name, bytes, seen };
}

const LENGTHS: readonly SmugglingCase[] = [
  refused(
    "CL.TE",
    post(
      `Content-Length: ${EMPTY_CHUNKED.length + HIDDEN.length}\r\nTransfer-Encoding: chunked\r\n`,
      EMPTY_CHUNKED + HIDDEN,
    ),
  ),
  refused("TE.CL", post(`Transfer-Encoding: chunked\r\nContent-Length: 4\r\n`, CHUNKED)),
  refused("two lengths", post("Content-Length: 0\r\nContent-Length: 5\r\n", HIDDEN)),
  refused("two equal lengths", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")),
  refused("a list of lengths", post("Content-Length: 0, 5\r\n", HIDDEN)),
  refused("a list of equal lengths", post("Content-Length: 3,3\r\n", "abc")),
  refused("a length with a plus", post("Content-Length: +3\r\n", "abc")),
  refused("a negative length", post("Content-Length: -3\r\n", "abc")),
  refused("a hexadecimal length", post("Content-Length: 0x3\r\n", "abc")),
  refused("a length with a fraction", post("Content-Length: 3.0\r\n", "abc")),
  refused("a length with an exponent", post("Content-Length: 3e0\r\n", "abc")),
  refused("a length with a blank inside", post("Content-Length: 3 0\r\n", "abc")),
  refused("a length with an underscore", post("Content-Length: 1_0\r\n", "abc")),
  refused("an empty length", post("Content-Length: \r\n", HIDDEN)),
  refused("a length beyond 64 bits", post("Content-Length: 18446744073709551619\r\n", "abc")),
  refused("a length in disguise", post(`Content_Length: ${HIDDEN.length}\r\n`, HIDDEN)),
  refused("a length with a blank before the colon", post("Content-Length : 3\r\n", "abc")),
  refused("a length with a tab before the colon", post("Content-Length\t: 3\r\n", "abc")),
  refused(
    "a length behind a bare carriage return",
    post(`X: y\rContent-Length: ${HIDDEN.length}\r\n`, HIDDEN),
  ),
  refused("a length behind a bare line feed", post(`X: y\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN)),
  refused("a length on a folded line", post(`X: y\r\n Content-Length: ${HIDDEN.length}\r\n`, HIDDEN)),
  refused("a length behind a NUL", post("Content-Length: 3\0\r\n", "abc")),
  read("a length with leading zeros", post("Content-Length: 003\r\n", "abc")),
  read("a length between blanks", post("Content-Length:\t 3 \t\r\n", "abc")),
  read("no length", post("", ""), ["POST /first"]),
  read("a length of zero and another request", post("Content-Length: 0\r\n", HIDDEN), [
    "POST /first",
    "GET /hidden",
  ]),
  read(
    "a body for GET",
    `GET /first HTTP/1.1\r\nHost: a\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
    ["GET /first"],
  ),
  read(
    "a nominated length",
    post(`Connection: content-length\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN),
  ),
];

const CODINGS: readonly SmugglingCase[] = [
  ...'xchunked|chunked2|chunk|gzip, chunked|chunked, gzip|chunked, chunked|identity|identity, chunked|chunked, identity|,chunked|chunked,|"chunked"|chunked;q=1|chunk ed'
    .split("|")
    .map((coding) => refused(`the coding ${coding}`, post(`Transfer-Encoding: ${coding}\r\n`, CHUNKED))),
  refused("a coding behind a vertical tab", post("Transfer-Encoding: \x0bchunked\r\n", CHUNKED)),
  refused("a coding behind a NUL", post("Transfer-Encoding: \0chunked\r\n", CHUNKED)),
  refused("a coding with a blank before the colon", post("Transfer-Encoding : chunked\r\n", CHUNKED)),
  refused("a coding behind a blank", post(" Transfer-Encoding: chunked\r\n", CHUNKED)),
  refused("a coding on a folded line", post("Transfer-Encoding:\r\n chunked\r\n", CHUNKED)),
  refused("a coding in disguise", post("Transfer_Encoding: chunked\r\n", CHUNKED)),
  refused("two codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", CHUNKED)),
  refused("two equal codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", CHUNKED)),
  refused(
    "a coding with a length in disguise",
    post("Transfer-Encoding: chunked\r\ncontent_length: 4\r\n", CHUNKED),
  ),
  refused(
    "chunks in HTTP/1.0",
    `POST /first HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED}`,
  ),
  refused("a name beyond ASCII", post("Transfer\u00adEncoding: chunked\r\n", CHUNKED)),
  refused("a bare carriage return in a name", post("Transfer-Encoding\r: chunked\r\n", CHUNKED)),
  read("a coding in other letters", post("tRANSFER-eNCODING: Chunked\r\n", CHUNKED)),
  read(
    "a nominated coding",
    post("Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n", CHUNKED),
  ),
  read("chunks for GET", `GET /first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED}`, [
    "GET /first",
  ]),
];

function chunks(name: string, body: string): SmugglingCase {
  return refused(name, post("Transfer-Encoding: chunked\r\n", body));
}

const CHUNKS: readonly SmugglingCase[] = [
  chunks("a size with a prefix", `0x3\r\nabc\r\n${EMPTY_CHUNKED}`),
  chunks("a size with a plus", `+3\r\nabc\r\n${EMPTY_CHUNKED}`),
  chunks("a negative size", `-3\r\nabc\r\n${EMPTY_CHUNKED}`),
  chunks("a size with a blank behind", `3 \r\nabc\r\n${EMPTY_CHUNKED}`),
  chunks("a size with a blank before", ` 3\r\nabc\r\n${EMPTY_CHUNKED}`),
  chunks("a size with an underscore", `1_0\r\nabc\r\n${EMPTY_CHUNKED}`),
  chunks("a size beyond 64 bits", `10000000000000003\r\nabc\r\n${EMPTY_CHUNKED}`),
  chunks("an empty size", `\r\nabc\r\n${EMPTY_CHUNKED}`),
  chunks("a size that ends with a line feed", `3\nabc\r\n${EMPTY_CHUNKED}`),
  chunks("a size that ends with a carriage return", `3\rabc\r\n${EMPTY_CHUNKED}`),
  chunks("a line feed in an extension", `3;a\nabc\r\n${EMPTY_CHUNKED}`),
  chunks("a carriage return in an extension", `3;a\rb\r\nabc\r\n${EMPTY_CHUNKED}`),
  chunks("an extension of controls", `3;\x01\r\nabc\r\n${EMPTY_CHUNKED}`),
  chunks("an extension that hides a request", `3;${HIDDEN}abc\r\n${EMPTY_CHUNKED}`),
  chunks("a chunk that ends with a line feed", `3\r\nabc\n${EMPTY_CHUNKED}`),
  chunks("a chunk without an end", `3\r\nabc${EMPTY_CHUNKED}`),
  chunks("a chunk longer than its size", `3\r\nabcd\r\n${EMPTY_CHUNKED}`),
  chunks("a chunk shorter than its size", `4\r\nabc\r\n${EMPTY_CHUNKED}`),
  chunks("a last chunk that ends with a line feed", "0\n\r\n"),
  chunks("an end of a line feed", "0\r\n\n"),
  chunks("a length in the trailers", `0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`),
  chunks("a coding in the trailers", `0\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED}`),
  chunks("a Host in the trailers", "0\r\nHost: b\r\n\r\n"),
  chunks("a folded trailer", "0\r\nX: y\r\n z\r\n\r\n"),
];

const PARTED: readonly SmugglingCase[] = [
  read("a size with leading zeros", post("Transfer-Encoding: chunked\r\n", `003\r\nabc\r\n${EMPTY_CHUNKED}`)),
  read("an extension", post("Transfer-Encoding: chunked\r\n", `3;a=b\r\nabc\r\n${EMPTY_CHUNKED}`)),
  read("a last chunk of many zeros", post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n000\r\n\r\n")),
  read("a trailer", post("Transfer-Encoding: chunked\r\n", "0\r\nX: y\r\n\r\n")),
];

const LINES: readonly SmugglingCase[] = [
  refused("an HTTP/0.9 line", `GET /first\r\n${HIDDEN}`),
  refused("an HTTP/0.9 line and a line feed", `GET /first\nHost: a\r\n\r\n`),
  refused("a version to come", "GET /first HTTP/1.9\r\nHost: a\r\n\r\n"),
  refused("HTTP/2 in text", "GET /first HTTP/2.0\r\nHost: a\r\n\r\n"),
  refused("a version in small letters", "GET /first http/1.1\r\nHost: a\r\n\r\n"),
  refused("a long version", "GET /first HTTP/01.1\r\nHost: a\r\n\r\n"),
  refused("two blanks", "GET  /first HTTP/1.1\r\nHost: a\r\n\r\n"),
  refused("a tab for a blank", "GET\t/first\tHTTP/1.1\r\nHost: a\r\n\r\n"),
  refused("a blank in the target", "GET /first HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n"),
  refused("a blank behind the version", "GET /first HTTP/1.1 \r\nHost: a\r\n\r\n"),
  refused("a bare carriage return in the target", "GET /first\rx HTTP/1.1\r\nHost: a\r\n\r\n"),
  refused("a NUL in the target", "GET /first\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
  refused("line feeds only", "GET /first HTTP/1.1\nHost: a\n\n"),
  refused("a blank first line", " \r\nGET /first HTTP/1.1\r\nHost: a\r\n\r\n"),
  refused("a line feed first", "\nGET /first HTTP/1.1\r\nHost: a\r\n\r\n"),
  refused("a blank before the first field", "GET /first HTTP/1.1\r\n Host: a\r\n\r\n"),
  refused("a field without a colon", "GET /first HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"),
  refused("a field without a name", "GET /first HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n"),
  refused("no Host", "GET /first HTTP/1.1\r\n\r\n"),
  refused("two Hosts", "GET /first HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
  refused("two Hosts in other letters", "GET /first HTTP/1.1\r\nHost: a\r\nhOST: a\r\n\r\n"),
  refused("a list of Hosts", "GET /first HTTP/1.1\r\nHost: a b\r\n\r\n"),
  refused("a Host with a user", "GET /first HTTP/1.1\r\nHost: b@a\r\n\r\n"),
  refused("a Host with a path", "GET /first HTTP/1.1\r\nHost: a/b\r\n\r\n"),
  refused("a target without a form", "GET first HTTP/1.1\r\nHost: a\r\n\r\n"),
  refused("a target of another scheme", "GET ftp://a/first HTTP/1.1\r\nHost: a\r\n\r\n"),
  refused("a target with a user", "GET http://b@a/first HTTP/1.1\r\nHost: a\r\n\r\n"),
  refused("a target with a port that is none", "GET http://a:b/first HTTP/1.1\r\nHost: a\r\n\r\n"),
  refused("a preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"),
  read("an absolute target that is not the Host", "GET http://b/first HTTP/1.1\r\nHost: a\r\n\r\n", [
    "GET /first",
  ]),
  read("an empty line first", "\r\nGET /first HTTP/1.1\r\nHost: a\r\n\r\n", ["GET /first"]),
  read(
    "an upgrade to HTTP/2",
    "GET /first HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    ["GET /first"],
  ),
];

export const SMUGGLING_CASES: readonly SmugglingCase[] = [
  ...LENGTHS,
  ...CODINGS,
  ...CHUNKS,
  ...PARTED,
  ...LINES,
];
