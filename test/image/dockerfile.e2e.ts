// `npm run image:check`: the Dockerfile, built as it is, gives the image that `npm run image` gives without a builder. The
// images that it begins with are made here (base-images.ts), so that no registry is needed; what is in theirs beside
// Node is not judged.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  APP_FOLDER,
  ENTRY_POINT,
  ENVIRONMENT,
  packagesLayer,
  ROOT,
  runtimeLayer,
  sourcesLayer,
  USER,
} from "#tools/image/image-content.ts";
import type { TarFile } from "#tools/image/tar-archive.ts";
import { fetchPackages, loadBaseImages, npmSetting, PACKAGE_CACHE } from "./base-images.ts";
import { ImageBuilder, whyNoBuilder } from "./image-builder.ts";

const ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;

const npmScript = process.env["npm_execpath"];
const skip =
  whyNoBuilder() ??
  (npmScript === undefined ? "run it as `npm run image:check`, which says where npm is" : false);
if (process.argv.includes("--check")) {
  if (skip !== false) process.stderr.write(`${skip}\n`);
  process.exit(skip === false ? 0 : 1);
}

let builder: ImageBuilder;

before(() => {
  if (skip !== false) return;
  builder = new ImageBuilder();
  const [build = "", runtime = ""] = firstImages();
  const npm = npmScript ?? "";
  fetchPackages(npm, join(builder.folder, "packages"));
  loadBaseImages(builder, { build, runtime, npmScript: npm });
  builder.build({
    name: "berth",
    folder: ROOT,
    platform: `linux/${ARCHITECTURE}`,
    volumes: { [PACKAGE_CACHE]: npmSetting(npm, "cache") },
  });
});

after(() => {
  if (skip === false) builder.remove();
});

/** As the Dockerfile names them. */
function firstImages(): readonly string[] {
  const lines = readFileSync(join(ROOT, "Dockerfile"), "utf8").split("\n");
  return lines
    .filter((line) => line.startsWith("FROM "))
    .map((line) => line.split(" ").find((word) => word !== "FROM" && !word.startsWith("--")) ?? "");
}

test("the Dockerfile's image has file by file what the image without a builder has", { skip }, (t) => {
  const { root } = builder.container("berth");
  const expected = digests([...packagesLayer(), ...sourcesLayer()]);
  const actual = digestsBelow(root, APP_FOLDER.slice(1));
  assert.deepEqual(
    [...actual].filter(([path, digest]) => expected.get(path) !== digest).map(([path]) => path),
    [],
    "changed, or in the Dockerfile's only",
  );
  assert.deepEqual(
    [...expected.keys()].filter((path) => !actual.has(path)),
    [],
    "missing in the Dockerfile's",
  );
  t.diagnostic(`${actual.size} files in ${APP_FOLDER} are the same`);
  const outside = digestsBelow(root, "");
  for (const path of actual.keys()) outside.delete(path);
  for (const { path } of runtimeLayer()) outside.delete(path);
  assert.deepEqual([...outside.keys()].filter(isLasting), [], "nothing is written beside them");
});

test("it runs the same command, as the same user, in the same folder", { skip }, () => {
  const image = builder.inspect("berth");
  assert.deepEqual([image.os, image.architecture], ["linux", ARCHITECTURE]);
  assert.deepEqual(image.config.Entrypoint, ENTRY_POINT);
  assert.deepEqual([image.config.User, image.config.WorkingDir], [USER, APP_FOLDER]);
  for (const variable of ENVIRONMENT) assert.ok(image.config.Env?.includes(variable), variable);
});

test("a container of it answers, as nobody in particular", { skip }, () => {
  const { container } = builder.container("berth");
  assert.match(builder.runIn(container, [...ENTRY_POINT, "--help"]), /berth/);
  assert.match(
    builder.runIn(container, [
      ENTRY_POINT[0],
      "--print",
      "JSON.stringify([process.getuid(), process.getgid()])",
    ]),
    /\[65532,65532\]/,
  );
});

/** Path → content and whether it can be run. */
function digests(files: readonly TarFile[]): Map<string, string> {
  return new Map(files.map(({ path, content, mode }) => [path, digest(content, mode)]));
}

function digestsBelow(root: string, folder: string): Map<string, string> {
  const entries = globSync("**/*", { cwd: join(root, folder), withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(root.length + 1), digest(readFileSync(path), statSync(path).mode)];
    }),
  );
}

function digest(content: Buffer, mode: number): string {
  const hash = createHash("sha256").update(content).digest("hex");
  return (mode & 0o100) === 0 ? hash : `${hash} executable`;
}

/** What a container has of whoever starts it. */
function isLasting(path: string): boolean {
  return !/^(dev|proc|sys|run)\//.test(path) && !/^etc\/(hosts|hostname|resolv\.conf)$/.test(path);
}
