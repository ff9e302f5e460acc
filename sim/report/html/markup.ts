// HTML out of templates: whatever is put into one is escaped, unless it is markup itself. Names in a report come from
// clusters and traces, and nobody vouches for them.

export interface Markup {
  readonly html: string;
}

type Part = Markup | string | number | readonly Part[] | undefined;

/** A template; parts that are undefined leave nothing. */
export function markup(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let html = texts[0] ?? "";
  parts.forEach((part, index) => (html += `${rendered(part)}${texts[index + 1] ?? ""}`));
  return { html };
}

/** JSON for a script element of a data type: nothing in it ends the element. */
export function jsonMarkup(value: unknown): Markup {
  return { html: JSON.stringify(value).replaceAll("<", "\\u003c") };
}

function rendered(part: Part): string {
  if (part === undefined) return "";
  if (typeof part === "string" || typeof part === "number") return escaped(String(part));
  return "html" in part ? part.html : part.map(rendered).join("");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
}
