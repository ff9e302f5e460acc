// The screens, in the order of the navigation; the first one is shown at first.

import type { Screen } from "./screen.ts";
import { app } from "./screens/app.ts";
import { map } from "./screens/map.ts";

export const SCREENS: readonly Screen<never>[] = [map, app];
