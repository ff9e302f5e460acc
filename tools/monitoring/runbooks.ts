// Runbooks are the headings of one guide.

export const GUIDE = "docs/guides/troubleshoot.md";

/** Where an alert's runbook is, below wherever the project's documents are read. */
export function runbookUrl(heading: string): string {
  return `${GUIDE}#${anchor(heading)}`;
}

/** As hosts of Markdown make it of a heading. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s-]/gu, "")
    .replaceAll(/\s/g, "-");
}
