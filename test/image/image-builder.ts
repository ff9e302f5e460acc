// Debian's buildah, with a store of its own that goes with it: images that it has are the only ones it knows, and no
// registry is asked for another.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NODE_PATH, runtimeLayer } from "#tools/image/image-content.ts";
import { ociArchive } from "#tools/image/oci-archive.ts";
import { tarArchive } from "#tools/image/tar-archive.ts";

export interface BuildOptions {
  readonly name: string;
  readonly folder: string;
  /** This machine's, as OCI writes it: `linux/amd64`. What buildah 1.28 builds for others, it begins with the wrong images. */
  readonly platform: string;
  /** Folders of this machine by the paths that the steps of the build find them at. */
  readonly volumes?: Readonly<Record<string, string>>;
}

export interface BuiltImage {
  readonly architecture: string;
  readonly os: string;
  readonly config: {
    readonly User?: string;
    readonly WorkingDir?: string;
    readonly Entrypoint?: readonly string[];
    readonly Env?: readonly string[];
  };
}

/** Layers are whole folders: they need nothing of the machine's kernel, and these images are small. */
const STORAGE = ["--storage-driver=vfs"];
/** Steps run in a changed root only, which needs root and no control groups. */
const ISOLATION = "--isolation=chroot";
const BUILD_MS_MAX = 300_000;
const OUTPUT_BYTES_MAX = 64 * 1024 ** 2;

export class ImageBuilder {
  readonly #folder = mkdtempSync(join(tmpdir(), "berth-images-"));

  /** Where things may be put that go with the store. */
  get folder(): string {
    return this.#folder;
  }

  /** Reads an archive in the OCI layout, as the image of that name. */
  load(archive: string, name: string): void {
    const id = this.#run(["pull", "--quiet", `oci-archive:${archive}`]);
    this.#run(["tag", id, name]);
  }

  /** @throws Error with the end of what buildah said. */
  build({ name, folder, platform, volumes = {} }: BuildOptions): void {
    const mounted = Object.entries(volumes).map(([at, source]) => `--volume=${source}:${at}`);
    // BuildKit knows the second by itself.
    const from = ["--pull-never", `--platform=${platform}`, `--build-arg=BUILDPLATFORM=${platform}`];
    this.#run(["build", ISOLATION, ...from, ...mounted, `--tag=${name}`, folder]);
  }

  /** A build of one step by the smallest program there is a place for: this Node, asked for its version. */
  tryStep(): void {
    const name = "localhost/step:1";
    const archive = join(this.#folder, "step.tar");
    const { archive: bytes } = ociArchive({ name, layers: [tarArchive(runtimeLayer())], config: {} });
    writeFileSync(archive, bytes);
    this.load(archive, name);
    this.runIn(this.container(name).container, [NODE_PATH, "--version"]);
  }

  inspect(name: string): BuiltImage {
    const { OCIv1 } = JSON.parse(this.#run(["inspect", "--type=image", name])) as {
      readonly OCIv1: BuiltImage;
    };
    return OCIv1;
  }

  /** A container of the image, not started, and where its root file system is. */
  container(image: string): { readonly container: string; readonly root: string } {
    const container = this.#run(["from", "--pull-never", image]);
    return { container, root: this.#run(["mount", container]) };
  }

  /** What a command in the container prints. */
  runIn(container: string, command: readonly string[]): string {
    return this.#run(["run", ISOLATION, container, "--", ...command]);
  }

  remove(): void {
    this.#run(["umount", "--all"]);
    this.#run(["rm", "--all"]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #run(args: readonly string[]): string {
    const store = [`--root=${join(this.#folder, "root")}`, `--runroot=${join(this.#folder, "run")}`];
    const { status, stdout, stderr, error } = spawnSync("buildah", [...store, ...STORAGE, ...args], {
      encoding: "utf8",
      timeout: BUILD_MS_MAX,
      maxBuffer: OUTPUT_BYTES_MAX,
    });
    if (status === 0) return stdout.trim();
    throw new Error(`buildah ${args[0]}: ${error?.message ?? `${stdout}\n${stderr}`.trim().slice(-4_096)}`);
  }
}

/** Undefined where the Dockerfile can be built: told by a build of one step. */
export function whyNoBuilder(): string | undefined {
  if (process.getuid?.() !== 0) return "building an image needs root here";
  try {
    execFileSync("buildah", ["--version"], { stdio: "ignore" });
  } catch {
    return "buildah is not installed (apt-get install --no-install-recommends buildah)";
  }
  const builder = new ImageBuilder();
  try {
    builder.tryStep();
    return undefined;
  } catch (error) {
    return `buildah cannot run a step on this machine: ${(error as Error).message}`;
  } finally {
    builder.remove();
  }
}
