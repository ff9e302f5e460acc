// Completes package-lock.json after an install from a registry mirror that does not carry every platform's binaries:
// npm then leaves their entries out, and `npm ci` refuses the lock file everywhere. Each missing optional dependency is
// entered at the exact version that its parent names, with the platform its name tells. npm verifies no checksum for
// such an entry, and installs it only on that platform.
//
// Run: npm run lock:complete

import { readFileSync, writeFileSync } from "node:fs";

interface LockEntry {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly dev?: boolean;
}

interface Lock {
  readonly packages: Record<string, LockEntry & Record<string, unknown>>;
}

const LOCK_FILE = new URL("../../package-lock.json", import.meta.url);

const lock = JSON.parse(readFileSync(LOCK_FILE, "utf8")) as Lock;
const added = missingEntries(lock);
const packages = Object.fromEntries(
  Object.entries({ ...lock.packages, ...added }).sort(([a], [b]) => a.localeCompare(b, "en")),
);
writeFileSync(LOCK_FILE, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
process.stdout.write(`${Object.keys(added).length} entries added\n`);

function missingEntries({ packages }: Lock): Lock["packages"] {
  const missing: Lock["packages"] = {};
  for (const [parent, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const key = `node_modules/${name}`;
      if (packages[key] !== undefined || packages[`${parent}/${key}`] !== undefined) continue;
      if (!/^\d+\.\d+\.\d+/.test(version))
        throw new Error(`${parent} names no exact version of ${name}: ${version}`);
      missing[key] = { version, ...(dev === true ? { dev } : {}), optional: true, ...platformOf(name) };
    }
  }
  return missing;
}

// As in "@oxlint/binding-linux-arm64-musl": system, processor, and on Linux the C library.
function platformOf(name: string): Record<string, readonly string[]> {
  const match =
    /(android|darwin|freebsd|linux|openharmony|wasm32|win32)(?:-(arm64|arm|ia32|ppc64|riscv64|s390x|x64))?/.exec(
      name,
    );
  const [, os, cpu] = match ?? [];
  if (os === undefined || (os !== "wasm32" && cpu === undefined))
    throw new Error(`${name} tells no platform`);
  if (os === "wasm32") return { cpu: ["wasm32"] };
  const libc = name.includes("musl") ? "musl" : name.includes("-gnu") ? "glibc" : undefined;
  return { cpu: [cpu ?? ""], ...(libc === undefined ? {} : { libc: [libc] }), os: [os] };
}
