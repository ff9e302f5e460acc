// Where the picture of the imports is kept, and what draws it anew.

import { join } from "node:path";
import { PROJECT_ROOT } from "./project-files.ts";

export const PICTURE_FILE = join(PROJECT_ROOT, "docs", "imports.svg");
export const REDRAW_COMMAND = "node tools/laws/draw-imports.ts";
