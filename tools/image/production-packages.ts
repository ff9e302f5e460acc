// The packages that `npm ci --omit=dev` installs, from an installation that has the others, too. They are found as npm
// does, from package.json along what each package depends on: the lock file's own mark "dev" is not to be relied on,
// since npm leaves it on a package that is needed in production later.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface LockEntry {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

type Lock = Readonly<Record<string, LockEntry>>;

/**
 * Folders below the given one, in the order of their names.
 *
 * @throws Error if a package is needed and not installed.
 */
export function productionPackages(root: string): readonly string[] {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Lock;
  };
  const isInstalled = (folder: string): boolean => existsSync(join(root, folder));
  const missing = [...needed(packages)].filter(([folder, isOptional]) => !isOptional && !isInstalled(folder));
  if (missing.length > 0) throw new Error(`not installed: ${missing.map(([folder]) => folder).join(", ")}`);
  return [...needed(packages).keys()].filter(isInstalled).sort();
}

/** Folder → whether only those who can do without need it. */
function needed(lock: Lock): ReadonlyMap<string, boolean> {
  const found = new Map<string, boolean>();
  const visit = (folder: string, isOptional: boolean): void => {
    const known = found.get(folder);
    if (known === false || known === isOptional) return;
    found.set(folder, isOptional);
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = lock[folder] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const target = resolve(lock, folder, name);
      const isRequired = dependencies[name] !== undefined && optionalDependencies[name] === undefined;
      if (target !== undefined) visit(target, isOptional || !isRequired);
    }
  };
  for (const name of Object.keys(lock[""]?.dependencies ?? {})) {
    const target = resolve(lock, "", name);
    if (target !== undefined) visit(target, false);
  }
  return found;
}

/** As Node looks for a package: in the folder itself, then in those above. */
function resolve(lock: Lock, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules/") - 1))) {
    const candidate = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (lock[candidate] !== undefined) return candidate;
    if (folder === "") return undefined;
  }
}
