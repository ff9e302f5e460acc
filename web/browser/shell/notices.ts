// What is wrong, above the screen: which part, and what to do. Said to screen readers once, when it begins.

import { type ComponentChild, h } from "preact";
import type { Overview } from "#web/policy/overview.ts";
import type { Trouble } from "#web/policy/wire.ts";
import type { Connection } from "./live.ts";

export interface NoticesProps {
  readonly connection: Connection;
  readonly overview: Overview | undefined;
  readonly troubles: readonly (Trouble | undefined)[];
}

export function Notices({ connection, overview, troubles }: NoticesProps): ComponentChild {
  const said = new Map<string, Trouble>();
  const add = (trouble: Trouble | undefined): void => {
    if (trouble !== undefined) said.set(trouble.message, trouble);
  };
  if (connection === "lost") add(SERVER_AWAY);
  for (const trouble of troubles) add(trouble);
  for (const reason of overview?.staleReasons ?? [])
    add({ message: `What is shown may be old: ${reason}.`, mend: "Check that the API server is reached." });
  for (const { trouble } of overview?.parts ?? []) add(trouble);
  return h(
    "div",
    { class: "notices", "aria-live": "polite" },
    [...said.values()].map(({ message, mend }) =>
      h("div", { class: "notice", key: message }, h("strong", null, message), " ", h("span", null, mend)),
    ),
  );
}

const SERVER_AWAY: Trouble = {
  message: "The UI's server does not answer; what is shown is the last that it said.",
  mend: "Check that `berth ui` or `npm start` still runs. The page connects again by itself.",
};
