// What the page loads first.

import { h, render } from "preact";
import { SCREENS } from "./screens.ts";
import { App } from "./shell/app.ts";

const place = document.getElementById("app");
if (place !== null) {
  place.replaceChildren();
  render(h(App, { screens: SCREENS }), place);
}
