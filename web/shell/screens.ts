// The screens, in the order of the navigation.

import type { ScreenSource } from "./screen-source.ts";
import { appScreen } from "./screens/app-screen.ts";
import { mapScreen } from "./screens/map-screen.ts";

export const SCREENS: readonly ScreenSource[] = [mapScreen, appScreen];
