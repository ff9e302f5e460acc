// Names and their values below each other, values to the right where they can be compared.

import { type ComponentChild, h } from "preact";

export interface FactsProps {
  readonly facts: readonly (readonly [name: string, value: ComponentChild, title?: string])[];
}

export function Facts({ facts }: FactsProps): ComponentChild {
  return h(
    "dl",
    { class: "fact-list" },
    facts.map(([name, value, title]) =>
      h("div", { key: name, title }, h("dt", null, name), h("dd", null, value)),
    ),
  );
}
