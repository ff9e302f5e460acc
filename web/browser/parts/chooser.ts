// A field to say what one asks about, and what there is to choose from: goes to the screen's address.

import { type ComponentChild, h } from "preact";
import { goTo } from "../shell/router.ts";

export interface ChooserProps {
  readonly screen: string;
  /** The field's name and what it is called. */
  readonly label: string;
  /** Of the address: what is searched for, or asked about if the whole name is given. */
  readonly find: string;
  readonly placeholder: string;
}

/** Searches with each submit; an empty field shows the first again. */
export function Chooser({ screen, label, find, placeholder }: ChooserProps): ComponentChild {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget as HTMLFormElement).get("find") ?? "").trim();
    goTo(screen, { find: text });
  };
  return h(
    "form",
    { class: "chooser", role: "search", onSubmit: submit },
    h(
      "label",
      null,
      h("span", null, label),
      h("input", { type: "search", name: "find", defaultValue: find, placeholder, key: find }),
    ),
    h("button", { type: "submit", class: "quiet" }, "Search"),
  );
}
