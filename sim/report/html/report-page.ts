// A report as one file that asks the network for nothing: style, script and data are in it.

import { countText } from "../figures.ts";
import { barChart } from "./bar-chart.ts";
import { dataTable } from "./data-table.ts";
import { lineChart } from "./line-chart.ts";
import { type Markup, markup } from "./markup.ts";
import type { Block, Change, Provenance, ReportDocument, Section } from "./report-document.ts";
import { REPORT_SCRIPT } from "./report-script.ts";
import { REPORT_STYLE } from "./report-style.ts";
import { vendoredChart } from "./vendored-chart.ts";

/** Nothing is fetched, whatever stands in a name. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** The same document gives the same bytes. */
export function reportPage({
  title,
  subject,
  changes,
  changesNote,
  sections,
  provenance,
}: ReportDocument): string {
  const chart = sections.some(({ blocks }) => blocks.some(hasLines)) ? vendoredChart() : undefined;
  const { html } = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${title}</title>
<style>${raw(chart?.style ?? "")}${raw(REPORT_STYLE)}</style>
</head>
<body>
<a class="skip" href="#${sections[0]?.id}">Skip to the answers</a>
<header>
<h1>${title}</h1>
<p class="subject">${subject}</p>
<ul class="changes${changes.length % 3 === 0 ? " threes" : ""}" aria-label="before and after">${changes.map(changeCard)}</ul>
<p>${changesNote}</p>
<nav aria-label="Questions"><ol>${sections.map(({ id, title: question }) => markup`<li><a href="#${id}">${question}</a></li>`)}</ol></nav>
</header>
<main>
${sections.map(section)}
${provenanceSection(provenance)}
</main>
<footer>Made by Berth ${provenance.version}, without a clock: the same inputs, options and version give the same file.</footer>
${chart === undefined ? undefined : markup`<script>${raw(chart.script)}</script>`}
<script>${raw(REPORT_SCRIPT)}</script>
</body>
</html>
`;
  return html;
}

function raw(html: string): Markup {
  return { html };
}

function hasLines(block: Block): boolean {
  return block.kind === "lines" || (block.kind === "fold" && block.blocks.some(hasLines));
}

function changeCard({ name, before, after, difference, isBetter }: Change): Markup {
  const tone = isBetter === undefined ? "" : isBetter ? " good" : " bad";
  return markup`<li><div class="name">${name}</div><div class="amounts"><span class="before">${before}</span> <span><span aria-hidden="true">→</span><span class="unseen"> becomes </span> ${after}</span></div><div class="difference${tone}">${difference}</div></li>`;
}

function section({ id, title, blocks }: Section): Markup {
  return markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${blocks.map(drawn)}</section>\n`;
}

function drawn(block: Block): Markup {
  switch (block.kind) {
    case "text":
      return markup`<p>${block.text}</p>`;
    case "table":
      return dataTable(block);
    case "bars":
      return barChart(block);
    case "lines":
      return lineChart(block);
    case "fold":
      return markup`<details><summary>${block.title}</summary>${block.blocks.map(drawn)}</details>`;
  }
}

function provenanceSection({ version, seed, inputs, options }: Provenance): Markup {
  const given = options.length === 0 ? "None: all defaults." : options.join(" ");
  return markup`<section id="provenance" aria-labelledby="provenance-title"><h2 id="provenance-title">How is this report made again?</h2>
<p>Berth ${version}, seed ${seed}. Options: ${given}</p>
${
  inputs.length === 0
    ? markup`<p>No file was read: the workload is generated from the seed.</p>`
    : markup`<div class="scroll" tabindex="0" role="region" aria-label="Inputs"><table><caption>Inputs</caption><thead><tr><th scope="col">file</th><th scope="col" class="figure">bytes</th><th scope="col">SHA-256</th></tr></thead><tbody>${inputs.map(({ name, bytes, sha256 }) => markup`<tr><th scope="row">${name}</th><td class="figure">${countText(bytes)}</td><td class="hash">${sha256}</td></tr>`)}</tbody></table></div>`
}</section>`;
}
