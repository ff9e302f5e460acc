// The two images that the Dockerfile begins with, made of what this machine has, for there is no registry: under their
// own names, with the same paths as theirs for what the Dockerfile uses of them.

import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  globSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { ROOT, runtimeLayer, USER } from "#tools/image/image-content.ts";
import { ociArchive } from "#tools/image/oci-archive.ts";
import { tarArchive, type TarFile } from "#tools/image/tar-archive.ts";
import type { ImageBuilder } from "./image-builder.ts";

/** In which npm of the build's stage finds the packages that this machine's npm has fetched before. */
export const PACKAGE_CACHE = "/npm-cache";
const NPM_FOLDER = "usr/local/lib/node_modules/npm";
const NPM = `#!/bin/sh\nexec /usr/local/bin/node /${NPM_FOLDER}/bin/npm-cli.js "$@"\n`;

export interface BaseImages {
  /** Names of the Dockerfile's stages, in their order. */
  readonly build: string;
  readonly runtime: string;
  /** The script that runs npm here. */
  readonly npmScript: string;
}

export function loadBaseImages(builder: ImageBuilder, bases: BaseImages): void {
  const { build, runtime, npmScript } = bases;
  const environment = [
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "HOME=/root",
    `npm_config_cache=${PACKAGE_CACHE}`,
    "npm_config_offline=true",
    `npm_config_registry=${npmSetting(npmScript, "registry")}`,
  ];
  load(builder, {
    name: build,
    files: buildFiles(dirname(dirname(realpathSync(npmScript)))),
    config: { Env: environment },
  });
  load(builder, { name: runtime, files: runtimeLayer(), config: { User: USER } });
}

/**
 * Has this machine's npm, with whatever settings it needs to reach a registry, fetch the packages of the build's stage: it
 * finds them in the cache.
 */
export function fetchPackages(npmScript: string, folder: string): void {
  mkdirSync(folder);
  for (const name of ["package.json", "package-lock.json"])
    copyFileSync(join(ROOT, name), join(folder, name));
  const args = [npmScript, "ci", "--omit=dev", "--ignore-scripts", "--prefer-offline"];
  execFileSync(process.execPath, args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
}

/** One of npm's settings on this machine. */
export function npmSetting(npmScript: string, name: string): string {
  return execFileSync(process.execPath, [npmScript, "config", "get", name], { encoding: "utf8" }).trim();
}

interface BaseImage {
  readonly name: string;
  readonly files: readonly TarFile[];
  readonly config: object;
}

function load(builder: ImageBuilder, { name, files, config }: BaseImage): void {
  const file = join(builder.folder, "base.tar");
  writeFileSync(file, ociArchive({ name, layers: [tarArchive(files)], config }).archive);
  builder.load(file, name);
}

/** Node with npm, a shell, and what the Dockerfile runs by it. */
function buildFiles(npmFolder: string): readonly TarFile[] {
  const files = new Map<string, TarFile>();
  const add = (file: TarFile): void => void files.set(file.path, file);
  for (const file of runtimeLayer()) add(file);
  add(fileAt("usr/local/bin/node", process.execPath));
  for (const program of ["/bin/sh", "/usr/bin/find"]) {
    add(fileAt(program.slice(1), program));
    for (const library of librariesOf(program)) add(fileAt(library.slice(1), library));
  }
  add({ path: "usr/local/bin/npm", content: Buffer.from(NPM), mode: 0o755 });
  add({ path: "tmp/.made", content: Buffer.alloc(0), mode: 0o644 });
  for (const entry of globSync("**/*", { cwd: npmFolder, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    add(fileAt(join(NPM_FOLDER, path.slice(npmFolder.length)), path));
  }
  return [...files.values()];
}

function librariesOf(program: string): readonly string[] {
  const listed = execFileSync("ldd", [program], { encoding: "utf8" });
  return [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? "");
}

function fileAt(path: string, source: string): TarFile {
  const isExecutable = (statSync(source).mode & 0o100) !== 0;
  return { path, content: readFileSync(source), mode: isExecutable ? 0o755 : 0o644 };
}
