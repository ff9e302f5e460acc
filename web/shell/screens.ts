// The screens, in the order of the navigation.

import type { ScreenSource } from "./screen-source.ts";
import { appScreen } from "./screens/app-screen.ts";
import { mapScreen } from "./screens/map-screen.ts";
import { savingsScreen } from "./screens/savings-screen.ts";
import { whatIfScreen } from "./screens/what-if-screen.ts";
import { whyPodScreen } from "./screens/why-pod-screen.ts";
import { whySizeScreen } from "./screens/why-size-screen.ts";

export const SCREENS: readonly ScreenSource[] = [
  mapScreen,
  appScreen,
  whyPodScreen,
  whySizeScreen,
  savingsScreen,
  whatIfScreen,
];
