// Our sources as the JavaScript that a release holds: Node strips no types below node_modules. What is stripped leaves
// blanks, so that a line and a column of an error are those of the source.

import { stripTypeScriptTypes } from "node:module";

/** Modules of ours are named by a path or by one of the package's subpaths, always with their suffix. */
const OUR_MODULES = /"((?:\.{1,2}\/|#)[^"\n]*)\.ts"/g;

/** `source` without its types, importing and naming by URL the modules of the release. */
export function javascript(source: string): string {
  return stripTypeScriptTypes(source).replaceAll(OUR_MODULES, '"$1.js"');
}

/** What a source's path is in the release. */
export function javascriptPath(path: string): string {
  return path.replace(/\.ts$/, ".js");
}
