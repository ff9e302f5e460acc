// The release's bill of materials (CycloneDX), by npm from the lock file.

import { execFileSync } from "node:child_process";
import { ROOT } from "#tools/image/image-content.ts";

const BYTES_MAX = 16 * 1024 ** 2;

interface Bill {
  readonly bomFormat: string;
  readonly metadata: { readonly component: { name: string; readonly version: string } };
  readonly components: readonly { readonly name: string; readonly licenses?: readonly unknown[] }[];
}

/**
 * The text, of what is installed with the package.
 *
 * @throws Error if npm does not answer with such a bill, or if a package says nothing of its licence.
 */
export function billOfMaterials(name: string): string {
  const args = ["sbom", "--sbom-format=cyclonedx", "--omit=dev", "--package-lock-only"];
  const bill = JSON.parse(
    execFileSync("npm", args, { cwd: ROOT, encoding: "utf8", maxBuffer: BYTES_MAX, stdio: "pipe" }),
  ) as Bill;
  if (bill.bomFormat !== "CycloneDX") throw new Error(`npm sbom wrote ${bill.bomFormat}`);
  const unlicensed = bill.components.filter(({ licenses = [] }) => licenses.length === 0);
  if (unlicensed.length > 0)
    throw new Error(`no licence is stated by ${unlicensed.map((component) => component.name).join(", ")}`);
  // npm names the package after the folder that it lies in.
  bill.metadata.component.name = name;
  return `${JSON.stringify(bill, null, 2)}\n`;
}
