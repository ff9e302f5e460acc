// Writes Berth's image to a file that `ctr images import`, `podman load` and `docker load` read.
// Run: npm run image -- berth.tar

import { writeFileSync } from "node:fs";
import { berthImage } from "./berth-image.ts";
import { IMAGE_NAME } from "./image-name.ts";

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("Usage: npm run image -- FILE\n");
  process.exitCode = 2;
} else {
  const { archive, digest } = berthImage({ name: IMAGE_NAME });
  writeFileSync(file, archive);
  process.stdout.write(`${file}: ${IMAGE_NAME}, ${archive.length} bytes, ${digest}\n`);
}
