// A table that scrolls inside itself where the window is narrow, and sorts by a column where scripts run.

import type { DataCell, DataTable } from "./report-document.ts";
import { type Markup, markup } from "./markup.ts";

export function dataTable({ caption, head, rows }: DataTable): Markup {
  const [corner = "", ...columns] = head;
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="data"><caption>${caption}</caption>
<thead><tr><th scope="col">${corner}</th>${columns.map((name) => markup`<th scope="col" class="figure">${name}</th>`)}</tr></thead>
<tbody>${rows.map(row)}</tbody></table></div>`;
}

function row([name, ...cells]: readonly DataCell[]): Markup {
  return markup`<tr><th scope="row">${name?.text}</th>${cells.map(cell)}</tr>\n`;
}

function cell({ text, tone }: DataCell): Markup {
  return markup`<td class="figure${tone === undefined ? "" : ` ${tone}`}">${text}</td>`;
}
