// The screens, in the order of the navigation; the first one is shown at first.

import type { Screen } from "./screen.ts";
import { app } from "./screens/app.ts";
import { map } from "./screens/map.ts";
import { savings } from "./screens/savings.ts";
import { whatIf } from "./screens/what-if.ts";
import { whyPod } from "./screens/why-pod.ts";
import { whySize } from "./screens/why-size.ts";

export const SCREENS: readonly Screen<never>[] = [map, app, whyPod, whySize, savings, whatIf];
