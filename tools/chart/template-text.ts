// A tree of plain values and places for values, as the text of a Helm template.

import { stringify } from "yaml";
import { Choice, CLOSE, FromValues, OPEN } from "./template-node.ts";

/** One document. */
export function templateText(tree: unknown): string {
  const marking = new Marking();
  return stringify(marking.of(tree), { lineWidth: 0, aliasDuplicateObjects: false })
    .split("\n")
    .map(actionLine)
    .join("\n")
    .replaceAll(AGAIN, "")
    .replaceAll(
      new RegExp(`${OPEN}(\\d+)${CLOSE}`, "g"),
      (_, index: string) => `{{ ${marking.expressions[Number(index)]} }}`,
    );
}

/** Begin lines that are wholly an action. */
const LINE = "⟪";
const LINE_END = "⟫";
/** Ends a key that stands in both branches of a choice. */
const AGAIN = /⟬\d+⟭/g;
const ACTION_LINE = new RegExp(`^( *)(?:- )?${LINE}(yaml )?([^${LINE_END}]*)${LINE_END}.*$`);

function actionLine(line: string): string {
  const [, indent = "", yaml, template = ""] = ACTION_LINE.exec(line) ?? [];
  if (template === "") return line;
  return yaml === undefined
    ? `${indent}{{- ${template} }}`
    : `${indent}{{- ${template} | nindent ${indent.length} }}`;
}

// Keys of a map have to differ, so each mark that is one is numbered behind its end.
class Marking {
  /** By their numbers, which stand in the text instead: YAML would quote and break what is in them. */
  readonly expressions: string[] = [];
  #count = 0;

  of(value: unknown): unknown {
    if (Array.isArray(value)) return value.flatMap((item) => this.#item(item));
    if (typeof value === "string") return this.#numbered(value);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).flatMap(([key, entry]) => this.#entry(key, entry)));
  }

  #item(item: unknown): readonly unknown[] {
    if (item instanceof FromValues) return [this.#mark(`yaml ${item.template}`)];
    if (!(item instanceof Choice)) return [this.of(item)];
    const { action, present, otherwise } = item;
    return [
      this.#mark(action),
      ...this.#item(present),
      ...(otherwise === undefined ? [] : [this.#mark("else"), ...this.#item(otherwise)]),
      this.#mark("end"),
    ];
  }

  #entry(key: string, value: unknown): readonly (readonly [string, unknown])[] {
    if (value instanceof FromValues) {
      const line = [this.#mark(`yaml ${value.template}`), null] as const;
      // A key that says nothing itself: further keys of the map.
      return key.startsWith("...") ? [line] : [[key, Object.fromEntries([line])]];
    }
    if (!(value instanceof Choice)) return [[key, this.of(value)]];
    const { action, present, otherwise } = value;
    return [
      [this.#mark(action), null],
      ...this.#entry(key, present),
      ...(otherwise === undefined
        ? []
        : [[this.#mark("else"), null] as const, ...this.#entry(this.#again(key), otherwise)]),
      [this.#mark("end"), null],
    ];
  }

  #numbered(text: string): string {
    return text.replaceAll(new RegExp(`${OPEN}([^${CLOSE}]*)${CLOSE}`, "g"), (_, template: string) => {
      this.expressions.push(template);
      return `${OPEN}${this.expressions.length - 1}${CLOSE}`;
    });
  }

  #again(key: string): string {
    this.#count += 1;
    return `${key}⟬${this.#count}⟭`;
  }

  #mark(action: string): string {
    this.#count += 1;
    return `${LINE}${action}${LINE_END}${this.#count}`;
  }
}
