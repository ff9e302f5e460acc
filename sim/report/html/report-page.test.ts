import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { markup } from "./markup.ts";
import type { ReportDocument } from "./report-document.ts";
import { reportPage } from "./report-page.ts";

const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(2)> </title></style>'&`;

function aDocument(name: string, over: Partial<ReportDocument> = {}): ReportDocument {
  return {
    title: name,
    subject: name,
    changes: [{ name, before: name, after: name, difference: name, isBetter: true }],
    changesNote: name,
    sections: [
      {
        id: "one",
        title: name,
        blocks: [
          { kind: "text", text: name },
          { kind: "table", caption: name, head: [name, name], rows: [[{ text: name }, { text: name }]] },
          {
            kind: "bars",
            caption: name,
            bars: [{ name, value: 3, bound: 2, isOurs: true }],
            format: () => name,
            boundName: name,
          },
          {
            kind: "fold",
            title: name,
            blocks: [
              {
                kind: "lines",
                caption: name,
                unit: "count",
                lines: [{ name, isOurs: true, points: [{ atSeconds: 0, value: 1 }] }],
              },
            ],
          },
        ],
      },
    ],
    provenance: {
      version: name,
      seed: 1,
      inputs: [{ name, bytes: 1, sha256: name }],
      options: [name],
    },
    ...over,
  };
}

/** The page without the scripts and the style that are Berth's and uPlot's own. */
function withoutOwnScripts(html: string): string {
  return html.replaceAll(/<script>[^]*?<\/script>|<style>[^]*?<\/style>/g, "");
}

test("names that are markup stay text wherever they stand", () => {
  const html = reportPage(aDocument(HOSTILE));
  const rest = withoutOwnScripts(html);
  assert.ok(!rest.includes("<script>alert"));
  assert.ok(!rest.includes("<img"));
  assert.equal(
    html.match(/<script/g)?.length,
    reportPage(aDocument("cart")).match(/<script/g)?.length,
    "a name opens no script",
  );
  assert.equal(rest.match(/<\/title>/g)?.length, reportPage(aDocument("cart")).match(/<\/title>/g)?.length);
});

test("whatever is put into a template, it opens no element and ends no attribute", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const { html } = markup`<p title="${text}">${text}</p>`;
      const inside = /^<p title="([^]*?)">([^]*)<\/p>$/.exec(html);
      assert.ok(inside?.slice(1).every((part) => !/[<>"']/.test(part)));
    }),
  );
});

test("the data of a chart do not end their script", () => {
  const html = reportPage(aDocument("</script><script>alert(3)</script>"));
  const [, data = ""] = /<script type="application\/json">([^]*?)<\/script>/.exec(html) ?? [];
  assert.equal(
    (JSON.parse(data) as { series: { name: string }[] }).series[0]?.name,
    "</script><script>alert(3)</script>",
  );
});

test("a page asks the network for nothing", () => {
  const html = reportPage(aDocument("cart"));
  assert.match(html, /Content-Security-Policy" content="default-src (&#39;|')none/);
  assert.doesNotMatch(withoutOwnScripts(html), /(src|href)="(?!#)/);
  assert.doesNotMatch(html, /@import|url\(/);
});

test("uPlot is in a page that has lines, and only there", () => {
  const plain = aDocument("cart", {
    sections: [{ id: "one", title: "one", blocks: [{ kind: "text", text: "x" }] }],
  });
  assert.match(reportPage(aDocument("cart")), /var uPlot=/);
  assert.doesNotMatch(reportPage(plain), /var uPlot=/);
});

test("every table and chart has a caption, every section a heading, every column a scope", () => {
  const html = withoutOwnScripts(reportPage(aDocument("cart")));
  const count = (pattern: RegExp): number => html.match(pattern)?.length ?? 0;
  assert.equal(count(/<table/g), count(/<caption>/g));
  assert.equal(count(/<section [^>]*aria-labelledby/g), count(/<h2 /g));
  assert.equal(count(/<th(?=[ >])/g), count(/<th scope="(col|row)"/g));
  assert.equal(count(/<html lang="en">/g), 1);
  assert.equal(count(/<h1>/g), 1);
});
