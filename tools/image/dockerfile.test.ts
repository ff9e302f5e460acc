// What the Dockerfile says, compared with what the image without a registry is made of; test/image builds it where there
// is a builder.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  APP_FOLDER,
  ENTRY_POINT,
  ENVIRONMENT,
  LEFT_OUT,
  packagesLayer,
  PACKAGES_LEFT_OUT,
  ROOT,
  SOURCE_FILES,
  SOURCE_FOLDERS,
  USER,
} from "./image-content.ts";

const dockerfile = readFileSync(join(ROOT, "Dockerfile"), "utf8");
const lines = dockerfile.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
const runtimeStage = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")));

test("the Dockerfile copies the sources that the image without a registry has", () => {
  const copies = runtimeStage.filter((line) => line.startsWith("COPY ") && !line.includes("--from="));
  assert.deepEqual(copies, [
    `COPY ${SOURCE_FILES.join(" ")} ./`,
    ...SOURCE_FOLDERS.map((folder) => `COPY ${folder} ${folder}`),
  ]);
});

test("the Dockerfile takes the production packages from the stage that installs them", () => {
  assert.deepEqual(
    runtimeStage.filter((line) => line.includes("--from=")),
    [`COPY --from=build ${APP_FOLDER}/node_modules node_modules`],
  );
  assert.ok(lines.includes("RUN npm ci --omit=dev --ignore-scripts"));
  const names = PACKAGES_LEFT_OUT.map((suffix) => `-name '*${suffix}'`);
  assert.ok(lines.includes(`RUN find node_modules -type f \\( ${names.join(" -o ")} \\) -delete`));
});

test("both images run the same command as the same user in the same folder", () => {
  const says = (instruction: string): readonly string[] =>
    runtimeStage
      .filter((line) => line.startsWith(`${instruction} `))
      .map((line) => line.slice(instruction.length + 1));
  assert.deepEqual(says("USER"), [USER]);
  assert.deepEqual(says("WORKDIR"), [APP_FOLDER]);
  assert.deepEqual(says("ENV"), ENVIRONMENT);
  assert.deepEqual(
    says("ENTRYPOINT").map((text) => JSON.parse(text)),
    [ENTRY_POINT],
  );
});

test("what the image leaves out is what the Dockerfile's context leaves out", () => {
  const ignored = readFileSync(join(ROOT, ".dockerignore"), "utf8").trim().split("\n");
  assert.deepEqual(ignored, [".git", "**/node_modules", ...LEFT_OUT]);
});

test("both have the Node that the project is developed with", () => {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    devDependencies: { node: string };
  };
  const major = /^\^(\d+)\./.exec(devDependencies.node)?.[1];
  assert.ok(
    lines[0]?.startsWith(`FROM --platform=$BUILDPLATFORM node:${major}-`),
    `${lines[0]} is Node ${major}`,
  );
  assert.match(runtimeStage[0] ?? "", new RegExp(`^FROM gcr\\.io/distroless/nodejs${major}-\\S+:nonroot$`));
});

test("an image for another kind of machine needs nothing run on it: no step behind the last FROM, no machine code in packages", () => {
  assert.deepEqual(
    runtimeStage.filter((line) => line.startsWith("RUN ")),
    [],
  );
  const compiled = packagesLayer().filter(
    ({ path, content }) => path.endsWith(".node") || isMachineCode(content),
  );
  assert.deepEqual(
    compiled.map(({ path }) => path),
    [],
  );
});

/** As Linux, macOS and Windows begin their programs and libraries. */
const MACHINE_CODE = new Set(["7f454c46", "cffaedfe", "cafebabe", "4d5a9000"]);

function isMachineCode(content: Buffer): boolean {
  return MACHINE_CODE.has(content.subarray(0, 4).toString("hex"));
}
