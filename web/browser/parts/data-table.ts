// A table of figures: numbers right and aligned, the caption for screen readers too, and only so many rows at once that a
// cluster of any size stays quick; the rest on request.

import { type ComponentChild, h } from "preact";
import { useState } from "preact/hooks";
import { countText } from "#web/policy/format.ts";

export interface Column {
  readonly head: string;
  /** Explains a word that not everybody knows. */
  readonly title?: string;
  readonly isNumber?: boolean;
}

export interface Row {
  readonly key: string;
  readonly cells: readonly ComponentChild[];
  readonly isWarned?: boolean;
}

export interface DataTableProps {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Said instead of a table without rows. */
  readonly empty?: ComponentChild;
}

const ROWS_AT_ONCE = 50;

export function DataTable({
  caption,
  columns,
  rows,
  empty = "There is none.",
}: DataTableProps): ComponentChild {
  const [shown, setShown] = useState(ROWS_AT_ONCE);
  if (rows.length === 0) return h("p", { class: "empty" }, empty);
  const more = rows.length - shown;
  return h(
    "div",
    { class: "table-frame", role: "region", "aria-label": caption, tabIndex: 0 },
    h(
      "table",
      null,
      h("caption", null, caption),
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          columns.map(({ head, title, isNumber }) =>
            h(
              "th",
              { key: head, scope: "col", class: isNumber === true ? "number" : undefined, title },
              head,
            ),
          ),
        ),
      ),
      h(
        "tbody",
        null,
        rows.slice(0, shown).map(({ key, cells, isWarned }) =>
          h(
            "tr",
            { key, class: isWarned === true ? "warned" : undefined },
            cells.map((cell, index) => {
              const className = columns[index]?.isNumber === true ? "number" : undefined;
              return index === 0
                ? h("th", { key: index, scope: "row", class: className }, cell)
                : h("td", { key: index, class: className }, cell);
            }),
          ),
        ),
      ),
    ),
    more <= 0
      ? null
      : h(
          "button",
          { type: "button", class: "quiet", onClick: () => setShown(shown + 4 * ROWS_AT_ONCE) },
          `Show more (${countText(more)} left)`,
        ),
  );
}
