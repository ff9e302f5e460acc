// What the browser is sent before anything is shown: the page, its style, its modules. Made once at the start, compressed
// when it is asked for first. All but the page have a hash in their names and are kept by browsers for ever.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { browserModules } from "./module-graph.ts";

export interface Asset {
  readonly contentType: string;
  readonly body: Buffer;
  /** The name changes with the content. */
  readonly isImmutable: boolean;
  readonly etag: string;
}

export type Encoding = "br" | "gzip" | "identity";

/** The page's path is "". */
export class Assets {
  readonly #assets = new Map<string, Asset>();
  readonly #encoded = new Map<string, Buffer>();

  constructor() {
    const { entry, modules } = browserModules();
    for (const { name, source } of modules.values()) this.#add(`assets/${name}`, "text/javascript", source);
    const style = this.#addHashed("style.css", "text/css", STYLE_FILES.map(readText).join("\n"));
    const icon = this.#addHashed("icon.svg", "image/svg+xml", readText(ICON_FILE));
    const preloads = [...modules.keys()].map((name) => `<link rel="modulepreload" href="./assets/${name}">`);
    const page = readText(PAGE_FILE)
      .replace("{{style}}", style)
      .replace("{{icon}}", icon)
      .replace("{{entry}}", `./assets/${entry}`)
      .replace("{{preloads}}", preloads.join("\n    "));
    this.#add("", "text/html", page);
  }

  get(path: string): Asset | undefined {
    return this.#assets.get(path);
  }

  /** Its body in the best way that the browser takes. */
  encoded(path: string, encoding: Encoding): Buffer {
    const key = `${encoding} ${path}`;
    const known = this.#encoded.get(key);
    if (known !== undefined) return known;
    const body = this.#assets.get(path)?.body ?? Buffer.alloc(0);
    const encoded =
      encoding === "br"
        ? brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: body.length } })
        : encoding === "gzip"
          ? gzipSync(body)
          : body;
    this.#encoded.set(key, encoded);
    return encoded;
  }

  /** Bytes of everything, as a browser that takes Brotli gets them at its first visit. */
  transferBytes(): number {
    return [...this.#assets.keys()].reduce((sum, path) => sum + this.encoded(path, "br").length, 0);
  }

  get paths(): readonly string[] {
    return [...this.#assets.keys()];
  }

  #addHashed(file: string, contentType: string, text: string): string {
    const [stem, suffix] = file.split(".");
    const path = `assets/${stem}.${digest(text)}.${suffix}`;
    this.#add(path, contentType, text);
    return `./${path}`;
  }

  #add(path: string, contentType: string, text: string): void {
    const body = Buffer.from(text);
    this.#assets.set(path, {
      contentType: `${contentType}; charset=utf-8`,
      body,
      isImmutable: path !== "",
      etag: `"${digest(text)}"`,
    });
  }
}

const browserFile = (name: string): string =>
  fileURLToPath(new URL(`../browser/page/${name}`, import.meta.url));
const PAGE_FILE = browserFile("index.html");
const ICON_FILE = browserFile("icon.svg");
const STYLE_FILES = [
  fileURLToPath(import.meta.resolve("uplot/dist/uPlot.min.css")),
  browserFile("style.css"),
];

function readText(file: string): string {
  return readFileSync(file, "utf8");
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 12);
}
