// "What does the mesh cost, and what would it cost otherwise?"

import { type ComponentChild, h } from "preact";
import { useState } from "preact/hooks";
import { countText, cpuText, memoryText, percentText } from "#web/policy/format.ts";
import type { NodeShape } from "#web/policy/forecast.ts";
import {
  type CarrierRow,
  EXAMPLE_PRICES,
  groundFacts,
  hourly,
  HOURS_PER_MONTH,
  moneyText,
  type Prices,
  savingsHeadline,
  savingsRows,
  type SavingsView,
} from "#web/policy/savings.ts";
import { DataTable } from "../parts/data-table.ts";
import { ForecastState } from "../parts/forecast-state.ts";
import type { Screen, ScreenProps } from "../screen.ts";

export const savings: Screen<SavingsView> = {
  name: "savings",
  label: "Savings",
  question: () => "What does the mesh cost, and what would it cost otherwise?",
  draw: SavingsScreen,
};

function SavingsScreen({ view: { forecast }, params }: ScreenProps<SavingsView>): ComponentChild {
  const [prices, setPrices] = usePrices();
  const { ground, result } = forecast;
  const shapes = ground?.shapes ?? [];
  const rows = savingsRows(result, { prices, shapes });
  const isOpen = forecast.phase === "queued" || forecast.phase === "running";
  const headline = savingsHeadline(rows);
  return h(
    "div",
    { class: "stack" },
    headline === undefined ? null : h("p", { class: "lead" }, headline),
    h(ForecastState, { forecast, screen: "savings", params }),
    ground === null
      ? null
      : [
          h(Bars, { key: "bars", rows }),
          h(Costs, { key: "costs", rows, prices, isOpen }),
          h(PriceTable, { key: "prices", prices, setPrices, shapes }),
          h(
            "ul",
            { key: "facts", class: "notes" },
            groundFacts(ground).map((line) => h("li", { key: line }, line)),
          ),
        ],
  );
}

function Bars({ rows }: { readonly rows: readonly CarrierRow[] }): ComponentChild {
  const largest = Math.max(1, ...rows.map(({ cost }) => cost?.mesh.memoryBytes ?? 0));
  return h(
    "figure",
    { class: "card bars", "aria-hidden": "true" },
    h("figcaption", null, "Memory that the mesh needs"),
    rows.map(({ carrier, name, cost }) =>
      h(
        "div",
        { key: carrier, class: `bar-row ${carrier}` },
        h("span", { class: "bar-name" }, name),
        h(
          "span",
          { class: "bar" },
          h("i", { style: { width: `${((cost?.mesh.memoryBytes ?? 0) / largest) * 100}%` } }),
        ),
        h("span", { class: "bar-value" }, cost === undefined ? "…" : memoryText(cost.mesh.memoryBytes)),
      ),
    ),
  );
}

interface CostsProps {
  readonly rows: readonly CarrierRow[];
  readonly prices: Prices;
  readonly isOpen: boolean;
}

function Costs({ rows, prices, isOpen }: CostsProps): ComponentChild {
  const open = isOpen ? "…" : "–";
  return h(DataTable, {
    caption: "Ways to carry the same mesh",
    columns: [
      { head: "Way" },
      { head: "Memory", isNumber: true },
      { head: "Against now", title: "Memory, against the node proxies as they stand", isNumber: true },
      { head: "CPU", isNumber: true },
      { head: "Instances", title: "A sidecar is one of its own", isNumber: true },
      { head: "Mesh a month", title: "Its CPU and memory at the prices below", isNumber: true },
      { head: "Fewest nodes", title: "On so few nodes all pods and the mesh would fit", isNumber: true },
      { head: "Nodes a month", title: "So many nodes at the mean price of those there are", isNumber: true },
      {
        head: "Overcommitted",
        title: "Nodes on which the mesh does not fit beside what runs there now",
        isNumber: true,
      },
    ],
    rows: rows.map(({ carrier, name, how, cost, memoryRatio, meshPerMonth, nodes, nodesPerMonth }) => ({
      key: carrier,
      isWarned: (cost?.nodesShort ?? 0) > 0,
      cells: [
        h(
          "span",
          { class: "named" },
          carrier === "proxyAsItStands" ? h("strong", null, name) : name,
          h("span", { class: "note" }, how),
        ),
        cost === undefined ? open : memoryText(cost.mesh.memoryBytes),
        memoryRatio === undefined ? open : percentText(memoryRatio),
        cost === undefined ? open : cpuText(cost.mesh.cpuMilli),
        cost === undefined ? open : countText(cost.instances),
        meshPerMonth === undefined ? open : moneyText(meshPerMonth, prices),
        nodesText(nodes, carrier === "proxyAsItStands" ? "–" : open),
        nodesPerMonth === undefined
          ? carrier === "proxyAsItStands"
            ? "–"
            : open
          : moneyText(nodesPerMonth, prices),
        cost === undefined ? open : countText(cost.nodesShort),
      ],
    })),
  });
}

function nodesText(nodes: number | null | undefined, open: string): string {
  if (nodes === undefined) return open;
  return nodes === null ? "all are too few" : countText(nodes);
}

interface PriceTableProps {
  readonly prices: Prices;
  readonly setPrices: (prices: Prices) => void;
  readonly shapes: readonly NodeShape[];
}

function PriceTable({ prices, setPrices, shapes }: PriceTableProps): ComponentChild {
  const { currency, coreHour, gibHour } = prices;
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "prices" },
    h("h2", { id: "prices" }, "Prices"),
    h(
      "p",
      { class: "soft" },
      "An example near the list prices of large clouds; put your own in its place. They stay in this browser.",
    ),
    h(
      "div",
      { class: "fields" },
      h(Price, {
        label: "A core, an hour",
        value: coreHour,
        set: (value) => setPrices({ ...prices, coreHour: value }),
      }),
      h(Price, {
        label: "A GiB, an hour",
        value: gibHour,
        set: (value) => setPrices({ ...prices, gibHour: value }),
      }),
      h(
        "label",
        null,
        h("span", null, "Currency"),
        h("input", {
          type: "text",
          defaultValue: currency,
          maxLength: 8,
          size: 6,
          onChange: ({ currentTarget }: Event) => {
            const input = currentTarget as HTMLInputElement;
            input.value = input.value.trim() || EXAMPLE_PRICES.currency;
            setPrices({ ...prices, currency: input.value });
          },
        }),
      ),
    ),
    h(DataTable, {
      caption: "What a node costs by them",
      columns: [
        { head: "Node" },
        { head: "Nodes", isNumber: true },
        { head: "One, a month", isNumber: true },
        { head: "All, a month", isNumber: true },
      ],
      rows: shapes.map((shape) => {
        const month = hourly(shape, prices) * HOURS_PER_MONTH;
        const name = `${cpuText(shape.cpuMilli)}, ${memoryText(shape.memoryBytes)}`;
        return {
          key: name,
          cells: [
            name,
            countText(shape.nodes),
            moneyText(month, prices),
            moneyText(month * shape.nodes, prices),
          ],
        };
      }),
    }),
  );
}

interface PriceProps {
  readonly label: string;
  readonly value: number;
  readonly set: (value: number) => void;
}

function Price({ label, value, set }: PriceProps): ComponentChild {
  return h(
    "label",
    null,
    h("span", null, label),
    h("input", {
      type: "number",
      min: 0,
      max: PRICE_MAX,
      step: "any",
      // What is being typed stays when something else on the page is drawn anew.
      defaultValue: value,
      onChange: ({ currentTarget }: Event) => {
        const input = currentTarget as HTMLInputElement;
        if (input.checkValidity() && input.value !== "") set(input.valueAsNumber);
        else input.reportValidity();
      },
    }),
  );
}

/** Above any currency's price of a core. */
const PRICE_MAX = 1_000_000;
const KEY = "berth-prices";

function usePrices(): readonly [Prices, (prices: Prices) => void] {
  const [prices, setPrices] = useState<Prices>(storedPrices);
  const set = (next: Prices): void => {
    setPrices(next);
    try {
      localStorage.setItem(KEY, JSON.stringify(next));
    } catch {
      // A browser that stores nothing forgets them with the tab.
    }
  };
  return [prices, set];
}

function storedPrices(): Prices {
  try {
    const { currency, coreHour, gibHour } = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Prices>;
    const isPrice = (value: unknown): value is number =>
      typeof value === "number" && value >= 0 && value <= PRICE_MAX;
    if (typeof currency === "string" && isPrice(coreHour) && isPrice(gibHour))
      return { currency, coreHour, gibHour };
  } catch {
    // What somebody else stored there is no price: the example is shown.
  }
  return EXAMPLE_PRICES;
}
