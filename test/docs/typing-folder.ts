// Where documents' commands are typed: a folder that looks like the repository's root, with the files that they speak of.

import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { ROOT } from "./documents.ts";

const TRACE = `pod,app,cpu,mem_gib,create_s,delete_s
cart-0,cart,0.5,1,0,600
cart-1,cart,0.5,1,5,600
web-0,web,0.25,0.5,10,
web-1,web,0.25,0.5,15,
`;
const SNAPSHOT = join(ROOT, "test/fixtures/e2e-cluster.json.gz");

export class TypingFolder implements Disposable {
  readonly path: string;

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), "berth-docs-"));
    for (const name of readdirSync(ROOT))
      if (name !== ".git") symlinkSync(join(ROOT, name), join(this.path, name));
    writeFileSync(join(this.path, "pods.csv.gz"), gzipSync(TRACE));
    writeFileSync(join(this.path, "cluster.json"), gunzipSync(readFileSync(SNAPSHOT)));
  }

  /**
   * What a shell says to it.
   *
   * @throws Error with the end of its words if it fails, or takes longer than four minutes.
   */
  async type(script: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const child = spawn("bash", ["-euo", "pipefail", "-c", script], {
      cwd: this.path,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TYPED_MS_MAX,
    });
    let output = "";
    let words = "";
    child.stdout.on("data", (chunk) => (output = (output + String(chunk)).slice(-OUTPUT_CHARS_MAX)));
    child.stderr.on("data", (chunk) => (words = (words + String(chunk)).slice(-OUTPUT_CHARS_MAX)));
    const code = await new Promise((resolve) => child.once("close", resolve));
    if (code !== 0)
      throw new Error(
        `${script}\nended with ${String(code)}:\n${words.slice(-4_096)}${output.slice(-1_024)}`,
      );
    return output;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

const OUTPUT_CHARS_MAX = 10_000_000;
/** A block of simulations on a busy machine; what hangs is ended. */
const TYPED_MS_MAX = 240_000;
