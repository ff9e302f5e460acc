// One of a few, all seen at once: radio buttons that look like a row of switches.

import { type ComponentChild, h } from "preact";
import { useId } from "preact/hooks";

export interface ChoiceProps<T extends string> {
  readonly name: string;
  readonly options: readonly { readonly value: T; readonly text: string; readonly title?: string }[];
  readonly value: T;
  readonly onChoose: (value: T) => void;
}

export function Choice<T extends string>({ name, options, value, onChoose }: ChoiceProps<T>): ComponentChild {
  const group = useId();
  return h(
    "fieldset",
    { class: "choice" },
    h("legend", null, name),
    h(
      "div",
      { class: "choice-row" },
      options.map((option) =>
        h(
          "label",
          { key: option.value, title: option.title, class: option.value === value ? "chosen" : undefined },
          h("input", {
            type: "radio",
            name: group,
            checked: option.value === value,
            onChange: () => onChoose(option.value),
          }),
          option.text,
        ),
      ),
    ),
  );
}
