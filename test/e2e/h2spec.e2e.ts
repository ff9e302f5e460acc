// The proxy's inbound port against h2spec, the conformance suite for HTTP/2. What it finds is compared with the list of
// what is known: a case that fails anew fails the suite, and so does one that no longer does.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { register, startProxy } from "../../proxy/testing/proxy-process.ts";
import { GoTools } from "./go-tools.ts";

const tools = new GoTools<"h2spec">({
  folder: fileURLToPath(new URL("./h2spec/", import.meta.url)),
  packages: { h2spec: "github.com/summerwind/h2spec/cmd/h2spec" },
});

/**
 * All but the first are those of Node's HTTP/2, whose library lets pass what does it no harm; Node's own server has
 * them, too. Two are about priorities, which RFC 9113 has given up.
 */
const KNOWN_FAILURES: readonly string[] = [
  // The port speaks HTTP/1.1 as well, and answers in that what is neither: 400, and the connection is closed.
  "http2/3.5: Sends invalid connection preface",
  "http2/5.1: closed: Sends a DATA frame after sending RST_STREAM frame",
  "http2/5.1: closed: Sends a HEADERS frame after sending RST_STREAM frame",
  "http2/5.1: closed: Sends a DATA frame",
  "http2/5.1: closed: Sends a HEADERS frame",
  "http2/5.1.1: Sends stream identifier that is numerically smaller than previous",
  "http2/5.3.1: Sends PRIORITY frame that depend on itself",
  "http2/6.3: Sends a PRIORITY frame with 0x0 stream identifier",
  "http2/6.7: Sends a PING frame with ACK",
  "http2/6.9.1: Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream",
];

/** Of an answer that h2spec waits for, in seconds; plenty on loopback, and most failures are such waits. */
const TIMEOUT_SECONDS = "1";
/** Longer than it needs on a slow machine by far. */
const RUN_MS_MAX = 300_000;

test("h2spec finds what is known to fail and nothing else", { timeout: RUN_MS_MAX }, async (context) => {
  const { h2spec } = await tools.paths((line) => void process.stderr.write(`${line}\n`));
  const app = createServer((_request, response) => response.end("x".repeat(1_000)));
  app.listen(0, "127.0.0.1");
  await once(app, "listening");
  const proxy = await startProxy(context);
  context.after(() => app.close());
  const { inbound } = await register(proxy.controlPort, (app.address() as AddressInfo).port);

  const folder = mkdtempSync(join(tmpdir(), "berth-h2spec-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const report = join(folder, "report.xml");
  const args = ["-h", "127.0.0.1", "-p", String(inbound), "-o", TIMEOUT_SECONDS, "-j", report];
  const child = spawn(h2spec, args, { stdio: ["ignore", "ignore", "inherit"] });
  await once(child, "exit");

  const cases = casesOf(readFileSync(report, "utf8"));
  const failed = cases.filter(({ hasFailed }) => hasFailed).map(({ name }) => name);
  context.diagnostic(`${cases.length - failed.length} of ${cases.length} cases passed`);
  assert.ok(cases.length >= 140, `${cases.length} cases were run`);
  assert.deepEqual(failed, KNOWN_FAILURES);
});

interface SpecCase {
  /** Section of the standard and the case's own sentence. */
  readonly name: string;
  readonly hasFailed: boolean;
}

/** @param report as JUnit writes one; h2spec's own, so that its form is known. */
function casesOf(report: string): readonly SpecCase[] {
  return [...report.matchAll(CASE)].map(([, section = "", sentence = "", rest = ""]) => ({
    name: `${section}: ${sentence}`.replaceAll("&#34;", '"').replaceAll("&#39;", "'"),
    hasFailed: /<(failure|error)[ >]/.test(rest),
  }));
}

const CASE = /<testcase package="([^"]*)" classname="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g;
