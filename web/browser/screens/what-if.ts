// "What would happen if …?"

import { type ComponentChild, h } from "preact";
import { countText, plural } from "#web/policy/format.ts";
import {
  changeRows,
  obstacleTexts,
  type Question,
  QUESTIONS,
  type WhatIfChoices,
  whatIfHeadline,
  type WhatIfResult,
  type WhatIfView,
} from "#web/policy/what-if.ts";
import { DataTable } from "../parts/data-table.ts";
import { ForecastState } from "../parts/forecast-state.ts";
import type { Params, Screen, ScreenProps } from "../screen.ts";
import { goTo, hrefTo } from "../shell/router.ts";

const NAME = "what-if";

export const whatIf: Screen<WhatIfView> = {
  name: NAME,
  label: "What if?",
  question: () => "What would happen if …?",
  draw: WhatIfScreen,
};

const LABELS: Readonly<Record<Question, string>> = {
  cap: "… an app had a cap on each node",
  loseNodes: "… nodes stopped",
  loseZone: "… a zone went away",
  drain: "… the emptiest nodes were drained",
  multiply: "… an app had more pods",
};

function WhatIfScreen({ view, params }: ScreenProps<WhatIfView>): ComponentChild {
  const { choices, asked, forecast } = view;
  const kind = QUESTIONS.find((question) => question === params["kind"]) ?? "loseZone";
  return h(
    "div",
    { class: "stack" },
    h(Question, { kind, choices, params }),
    asked === null || forecast === null
      ? h(
          "p",
          { class: "empty" },
          "Choose a change: it is played through on a copy of the cluster as it is now, by the code that places and sizes pods. Nothing is written.",
        )
      : [
          h("h2", { key: "asked" }, `If ${asked.text}`),
          forecast.result === null
            ? null
            : h("p", { key: "lead", class: "lead" }, whatIfHeadline(forecast.result)),
          h(ForecastState, { key: "state", forecast, screen: NAME, params }),
          forecast.result === null ? null : h(Outcome, { key: "outcome", result: forecast.result }),
        ],
  );
}

interface QuestionProps {
  readonly kind: Question;
  readonly choices: WhatIfChoices;
  readonly params: Params;
}

function Question({ kind, choices, params }: QuestionProps): ComponentChild {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const given: Record<string, string> = { kind };
    for (const [name, value] of new FormData(event.currentTarget as HTMLFormElement))
      if (typeof value === "string") given[name] = name === "nodes" ? listText(value) : value.trim();
    goTo(NAME, given);
  };
  return h(
    "section",
    { class: "card stack", "aria-label": "The change" },
    h(
      "nav",
      { "aria-label": "Kinds of change", class: "kinds" },
      QUESTIONS.map((question) =>
        h(
          "a",
          {
            key: question,
            href: hrefTo(NAME, question === params["kind"] ? params : { kind: question }),
            "aria-current": question === kind ? "true" : undefined,
          },
          LABELS[question],
        ),
      ),
    ),
    h(
      "form",
      { class: "fields", onSubmit: submit, key: kind },
      h(Fields, { kind, choices, params }),
      h("button", { type: "submit", class: "quiet primary" }, "See what would happen"),
    ),
    h(Lists, { choices }),
  );
}

function Fields({ kind, choices, params }: QuestionProps): ComponentChild {
  if (kind === "loseZone")
    return h(
      "label",
      null,
      h("span", null, "Zone"),
      h(
        "select",
        { name: "zone", required: true, defaultValue: params["zone"] },
        choices.zones.map((zone) =>
          h("option", { key: zone, value: zone, selected: zone === params["zone"] }, zone),
        ),
      ),
    );
  if (kind === "loseNodes")
    return h(Field, {
      label: "Nodes, separated by commas",
      attributes: {
        name: "nodes",
        type: "text",
        required: true,
        size: 44,
        maxLength: 4_000,
        defaultValue: params["nodes"],
      },
    });
  if (kind === "drain")
    return h(Field, {
      label: `How many of ${plural(choices.nodes, "node")}`,
      attributes: {
        name: "count",
        type: "number",
        required: true,
        min: 1,
        max: Math.max(1, choices.nodes - 1),
        defaultValue: params["count"] ?? "1",
      },
    });
  const app = h(Field, {
    label: kind === "cap" ? "App (all apps if empty)" : "App",
    attributes: {
      name: "app",
      type: "text",
      list: "apps",
      required: kind === "multiply",
      pattern: "[^\\/\\s]+\\/[^\\/\\s]+",
      title: "NAMESPACE/NAME",
      placeholder: "namespace/name",
      size: 30,
      defaultValue: params["app"],
    },
  });
  const number =
    kind === "cap"
      ? h(Field, {
          label: "Pods on a node at most",
          attributes: {
            name: "cap",
            type: "number",
            required: true,
            min: 1,
            max: 1_000,
            defaultValue: params["cap"] ?? "4",
          },
        })
      : h(Field, {
          label: "Times as many pods",
          attributes: {
            name: "factor",
            type: "number",
            required: true,
            min: 2,
            max: 10,
            defaultValue: params["factor"] ?? "2",
          },
        });
  return [app, number];
}

interface FieldProps {
  readonly label: string;
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>;
}

function Field({ label, attributes }: FieldProps): ComponentChild {
  return h("label", null, h("span", null, label), h("input", attributes));
}

function Lists({ choices }: { readonly choices: WhatIfChoices }): ComponentChild {
  return h(
    "datalist",
    { id: "apps" },
    choices.apps.map((app) => h("option", { key: app, value: app })),
  );
}

function listText(text: string): string {
  return text
    .split(/[\s,]+/)
    .filter((name) => name !== "")
    .join(",");
}

function Outcome({ result }: { readonly result: WhatIfResult }): ComponentChild {
  const { rolledOut, unplaced, lost, moved, unjudged } = result;
  const rows = changeRows(result);
  return h(
    "div",
    { class: "stack" },
    h(DataTable, {
      caption: "Before and after",
      columns: [
        { head: "Figure" },
        { head: "Now", isNumber: true },
        ...(rolledOut === undefined
          ? []
          : [
              {
                head: "Rolled out without the cap",
                title:
                  "Every movable mesh pod placed anew, as rollouts would: what of the difference is not the cap's doing",
                isNumber: true,
              },
            ]),
        { head: "After", isNumber: true },
        { head: "Difference", isNumber: true },
      ],
      rows: rows.map(({ figure, before, rolledOut: between, after, difference, isWorse }) => ({
        key: figure,
        cells: [figure, before, ...(between === undefined ? [] : [between]), after, difference],
        isWarned: isWorse,
      })),
    }),
    h(
      "ul",
      { class: "notes" },
      lost === undefined || lost.appsWhole.length === 0
        ? null
        : h("li", null, `Down whole until placed again: ${someOf(lost.appsWhole)}.`),
      h(
        "li",
        null,
        `${plural(moved, "pod")} on another node than now${unjudged === 0 ? "" : `; of ${countText(unjudged)} of them volumes, anti-affinity and the like were not looked at`}.`,
      ),
    ),
    unplaced.length === 0
      ? null
      : h(
          "section",
          { class: "card stack", "aria-labelledby": "unplaced" },
          h("h2", { id: "unplaced" }, "Why do some find no place?"),
          h(
            "ul",
            null,
            obstacleTexts(result).map((line) => h("li", { key: line }, line)),
          ),
          h(DataTable, {
            caption: "Pods without a place",
            columns: [{ head: "App" }, { head: "Pods", isNumber: true }],
            rows: unplaced.map(({ of, pods }) => ({ key: of, cells: [of, countText(pods)], isWarned: true })),
          }),
        ),
  );
}

const NAMED_MAX = 8;

function someOf(names: readonly string[]): string {
  const rest = names.length - NAMED_MAX;
  return `${names.slice(0, NAMED_MAX).join(", ")}${rest > 0 ? ` and ${countText(rest)} more` : ""}`;
}
