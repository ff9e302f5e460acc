// The name by which the manifests ask for the image: its version is the package's.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./image-content.ts";

const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly version: string;
};

/** As a node without a registry knows `berth:VERSION`. */
export const IMAGE_NAME = `docker.io/library/berth:${version}`;
