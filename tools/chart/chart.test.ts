import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { CHART_FOLDER, chartFiles } from "./chart-files.ts";
import { chartValues } from "./chart-values.ts";
import { manifestDefaults } from "./manifest-defaults.ts";
import { Choice, expression, FromValues } from "./template-node.ts";
import { templateText } from "./template-text.ts";

const files = chartFiles();

test("manifests/chart is what the manifests say", () => {
  for (const [name, text] of files) {
    const url = new URL(name, CHART_FOLDER);
    const written = existsSync(url) ? readFileSync(url, "utf8") : "";
    assert.ok(written === text, `manifests/chart/${name} is out of date; run npm run chart`);
  }
  const found = readdirSync(CHART_FOLDER, { recursive: true, withFileTypes: true });
  assert.equal(found.filter((entry) => entry.isFile()).length, files.size, "a file that nothing makes");
});

test("values.yaml is the schema's defaults, and the schema refuses what it does not know", () => {
  const schema = chartValues(manifestDefaults());
  const values = parse(files.get("values.yaml") ?? "") as object;
  assert.deepEqual(schema.parse({}), values);
  assert.deepEqual(schema.parse(values), values);
  for (const wrong of [
    { extenders: {} },
    { extender: { replica: 2 } },
    { proxy: { resources: { request: {} } } },
  ])
    assert.ok(!schema.safeParse(wrong).success, JSON.stringify(wrong));
  const written = JSON.parse(files.get("values.schema.json") ?? "") as {
    additionalProperties: boolean;
    properties: Readonly<Record<string, { additionalProperties: boolean }>>;
  };
  assert.equal(written.additionalProperties, false);
  assert.equal(written.properties["extender"]?.additionalProperties, false);
});

test("every value is used by a template, and no template uses another", () => {
  const templates = [...files].filter(([name]) => name.startsWith("templates/")).map(([, text]) => text);
  const used = new Set(templates.flatMap((text) => text.match(/(?<=\.Values\.)\w+(\.\w+)?/g) ?? []));
  const values = parse(files.get("values.yaml") ?? "") as Readonly<Record<string, object>>;
  const given = Object.entries(values).flatMap(([part, fields]) =>
    ["labels", "annotations", "image"].includes(part)
      ? [part]
      : Object.keys(fields).map((field) => `${part}.${field}`),
  );
  const unfolded = [...used].map((name) => (name.startsWith("image.") ? "image" : name));
  assert.deepEqual([...new Set(unfolded)].toSorted(), given.toSorted());
});

test("a place for a value is written as Helm's action, at its depth", () => {
  const text = templateText({
    a: expression(".x"),
    list: ["one", new Choice("if .y", "two", "three"), new Choice("range .z", expression("quote ."))],
    map: { own: 1, "...more": new FromValues("toYaml .m") },
    gone: new Choice("with .w", new FromValues("toYaml .")),
    either: new Choice("if .e", 1, { two: 2 }),
  });
  assert.equal(
    text,
    `a: {{ .x }}
list:
  - one
  {{- if .y }}
  - two
  {{- else }}
  - three
  {{- end }}
  {{- range .z }}
  - {{ quote . }}
  {{- end }}
map:
  own: 1
  {{- toYaml .m | nindent 2 }}
{{- with .w }}
gone:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .e }}
either: 1
{{- else }}
either:
  two: 2
{{- end }}
`,
  );
});
