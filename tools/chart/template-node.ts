// What of a manifest differs from one set of values to another: places in a tree of plain values that become Helm's
// template actions when the tree is written.

/** A text with `{{ expression }}` in place of each mark. */
export function expression(template: string): string {
  return `${OPEN}${template}${CLOSE}`;
}

/** An item of a list, or the value of a key, that is there under a condition, or differs by it. */
export class Choice {
  /** `if …`, `with …` or `range …`. */
  readonly action: string;
  readonly present: unknown;
  /** Undefined: nothing is there. */
  readonly otherwise: unknown;

  constructor(action: string, present: unknown, otherwise?: unknown) {
    this.action = action;
    this.present = present;
    this.otherwise = otherwise;
  }
}

/** A whole value, or further keys or items of the one it stands in, from an expression. */
export class FromValues {
  readonly template: string;

  constructor(template: string) {
    this.template = template;
  }
}

/** Marks that YAML leaves as they are, and no manifest contains. */
export const OPEN = "⟦";
export const CLOSE = "⟧";
