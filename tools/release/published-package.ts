// The package that a release publishes: the sources that the image has, as JavaScript, and a package.json of its own.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, SOURCE_FOLDERS, sourcePaths } from "#tools/image/image-content.ts";
import { javascript, javascriptPath } from "./javascript.ts";

/** The oldest Node whose users get the package; the repository brings its own. */
const NODE_RANGE = ">=22.15";

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly type: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Path → text of every file. */
export function publishedPackage(): ReadonlyMap<string, string> {
  const files = new Map<string, string>([
    ["package.json", `${JSON.stringify(publishedPackageJson(repositoryPackageJson()), null, 2)}\n`],
    ["LICENSE", read("LICENSE")],
    ["README.md", read("README.md")],
  ]);
  for (const path of sourcePaths()) {
    const text = read(path);
    files.set(javascriptPath(path), path.endsWith(".ts") ? javascript(text) : text);
  }
  return files;
}

export function repositoryPackageJson(): PackageJson {
  return JSON.parse(read("package.json")) as PackageJson;
}

function publishedPackageJson({
  name,
  version,
  description,
  license,
  type,
  bin,
  imports,
  dependencies,
}: PackageJson): object {
  return {
    name,
    version,
    description,
    license,
    type,
    bin: Object.fromEntries(Object.entries(bin).map(([command, path]) => [command, javascriptPath(path)])),
    imports: Object.fromEntries(
      Object.entries(imports).filter(([, target]) =>
        SOURCE_FOLDERS.some((folder) => target === `./${folder}/*`),
      ),
    ),
    dependencies,
    engines: { node: NODE_RANGE },
  };
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
