// What Berth's image is made of: Node, what Node needs of the C library, our sources as they are, and the packages they
// need. The Dockerfile describes the same; a test holds the two together.

import { execFileSync } from "node:child_process";
import { globSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { productionPackages } from "./production-packages.ts";
import type { TarFile } from "./tar-archive.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Folders of the repository that the command `berth` runs. */
export const SOURCE_FOLDERS = [
  "cli",
  "kube",
  "model",
  "proxy",
  "runtime",
  "scheduler-extender",
  "sim",
  "vpa-recommender",
  "web",
] as const;
/** What is in those folders and not in the image, since nothing but tests uses it. */
export const LEFT_OUT = [
  "**/*.test.ts",
  "**/testing",
  "kube/reflecting.ts",
  "kube/scripted-*.ts",
  "kube/settle.ts",
  "sim/engine/test-trace.ts",
  "sim/policies/kube-scheduler-oracle.ts",
  "sim/traces/written-file.ts",
] as const;
/** Suffixes of what packages bring and Node never opens: types, source maps, and libraries for another runtime. */
export const PACKAGES_LEFT_OUT = [".ts", ".mts", ".cts", ".map", ".bare"] as const;
/** Files above those folders: package.json holds the names that sources import each other by. */
export const SOURCE_FILES = ["LICENSE", "package.json"] as const;
export const APP_FOLDER = "/berth";
/** Where distroless images have it. */
export const NODE_PATH = "/nodejs/bin/node";
export const ENTRY_POINT = [NODE_PATH, `${APP_FOLDER}/cli/berth.ts`] as const;
export const ENVIRONMENT = ["NODE_ENV=production"] as const;
/** Nobody in particular, as distroless images number it. */
export const USER = "65532:65532";

const ACCOUNTS: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n",
  "etc/group": "root:x:0:\nnonroot:x:65532:\n",
};

/** Node with its libraries: changes with Node and with the machine's C library. */
export function runtimeLayer(node: string = process.execPath): readonly TarFile[] {
  const libraries = librariesOf(node).map((path) => onDisk(path.slice(1), path));
  const accounts = Object.entries(ACCOUNTS).map(([path, text]) => ({
    path,
    content: Buffer.from(text),
    mode: 0o644,
  }));
  return [onDisk(NODE_PATH.slice(1), node), ...libraries, ...accounts];
}

/** Packages: changes with the lock file. */
export function packagesLayer(): readonly TarFile[] {
  return productionPackages(ROOT).flatMap((folder) =>
    filesBelow(folder)
      // A package's own packages have entries of their own in the lock file.
      .filter((path) => !path.slice(folder.length + 1).startsWith("node_modules/"))
      .filter((path) => !PACKAGES_LEFT_OUT.some((suffix) => path.endsWith(suffix)))
      .map((path) => onDisk(inApp(path), join(ROOT, path))),
  );
}

/** Our sources: changes with every commit. */
export function sourcesLayer(): readonly TarFile[] {
  return [...SOURCE_FILES, ...sourcePaths()].map((path) => onDisk(inApp(path), join(ROOT, path)));
}

/** All that the command `berth` is made of, but for the packages. */
export function sourcePaths(): readonly string[] {
  return SOURCE_FOLDERS.flatMap((folder) => filesBelow(folder, LEFT_OUT));
}

function inApp(path: string): string {
  return `${APP_FOLDER.slice(1)}/${path}`;
}

/** From the repository's root, as .dockerignore names what it leaves out. */
function filesBelow(folder: string, exclude: readonly string[] = []): readonly string[] {
  return globSync(`${folder}/**/*`, { cwd: ROOT, withFileTypes: true, exclude })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
}

// The dynamic loader knows best; a statically linked Node has none, and ldd says so by failing.
function librariesOf(program: string): readonly string[] {
  const listed = execFileSync("ldd", [program], { encoding: "utf8" });
  return [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? "");
}

function onDisk(path: string, source: string): TarFile {
  const file = realpathSync(source);
  const isExecutable = (statSync(file).mode & 0o100) !== 0;
  return { path, content: readFileSync(file), mode: isExecutable ? 0o755 : 0o644 };
}
