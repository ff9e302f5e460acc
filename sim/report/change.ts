// One figure before and after, less of which is better.

import { countText, savedText } from "./figures.ts";
import type { Change } from "./html/report-document.ts";

/** No share of nothing says how much more something is. */
const FROM_NONE = "from none";

export function changeOf(
  name: string,
  [before, after]: readonly [number, number],
  text: (value: number) => string = countText,
): Change {
  return {
    name,
    before: text(before),
    after: text(after),
    difference: before === 0 ? (after === 0 ? "" : FROM_NONE) : savedText(1 - after / before),
    isBetter: before === after ? undefined : after < before,
  };
}
