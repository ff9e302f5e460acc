// Everything that a release publishes, written to one folder.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { berthImage } from "#tools/image/berth-image.ts";
import { ROOT } from "#tools/image/image-content.ts";
import { IMAGE_NAME } from "#tools/image/image-name.ts";
import { billOfMaterials } from "./bill-of-materials.ts";
import { installYaml } from "./install-yaml.ts";
import { publishedPackage, repositoryPackageJson } from "./published-package.ts";

const CHECKSUMS = "SHA256SUMS";

export interface ReleaseFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface Release {
  readonly version: string;
  /** In the order of their names; the checksums' own file is not among them. */
  readonly files: readonly ReleaseFile[];
  /** Path of the npm package's archive. */
  readonly packageFile: string;
}

/** Writes them into `folder`, which is made if it is not there. */
export function writeRelease(folder: string, progress: (line: string) => void): Release {
  const { name, version } = repositoryPackageJson();
  mkdirSync(folder, { recursive: true });
  progress("the npm package");
  const packageFile = packPackage(folder);
  progress("install.yaml and the bill of materials");
  writeFileSync(join(folder, "install.yaml"), installYaml(join(ROOT, "manifests/base")));
  writeFileSync(join(folder, "crds.yaml"), installYaml(join(ROOT, "manifests/crds")));
  writeFileSync(join(folder, `${name}-${version}.cdx.json`), billOfMaterials(name));
  progress("the image");
  writeFileSync(join(folder, `${name}-${version}-image.tar`), berthImage({ name: IMAGE_NAME }).archive);
  const files = readdirSync(folder)
    .filter((file) => file !== CHECKSUMS)
    .sort()
    .map((file) => described(folder, file));
  const sums = files.map(({ name: file, sha256 }) => `${sha256}  ${file}\n`);
  writeFileSync(join(folder, CHECKSUMS), sums.join(""));
  return { version, files, packageFile };
}

// npm names the archive itself, and sets its times, so that the same content is the same file.
function packPackage(folder: string): string {
  const staging = mkdtempSync(join(tmpdir(), "berth-package-"));
  try {
    for (const [path, text] of publishedPackage()) {
      mkdirSync(dirname(join(staging, path)), { recursive: true });
      writeFileSync(join(staging, path), text);
    }
    const args = ["pack", "--silent", "--ignore-scripts", `--pack-destination=${folder}`];
    return join(folder, execFileSync("npm", args, { cwd: staging, encoding: "utf8" }).trim());
  } finally {
    rmSync(staging, { recursive: true });
  }
}

function described(folder: string, name: string): ReleaseFile {
  const content = readFileSync(join(folder, name));
  return { name, sizeBytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
}
