// What an instance may use at most, and what it lends to its node's other apps or borrows from them.

import { type ComponentChild, h } from "preact";
import type { Quota } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import type { AppExplanation } from "#web/policy/app-explanation.ts";
import { countText, cpuText, memoryText } from "#web/policy/format.ts";
import { Facts } from "../parts/facts.ts";

const QUOTAS: readonly {
  readonly key: keyof Quota;
  readonly name: string;
  readonly text: (value: number) => string;
}[] = [
  { key: "cpuMilli", name: "CPU", text: cpuText },
  { key: "memoryBytes", name: "Memory", text: memoryText },
  { key: "connections", name: "Client connections", text: countText },
  { key: "fileDescriptors", name: "Open sockets", text: countText },
  { key: "requestsPerSecond", name: "Requests", text: (value) => `${countText(value)} a second` },
  { key: "burst", name: "Requests at once above that", text: countText },
  { key: "concurrency", name: "Requests in progress", text: countText },
  { key: "queue", name: "Requests that may wait", text: countText },
  { key: "queueMs", name: "They may wait for", text: (value) => `${countText(value)} ms` },
  { key: "requestMs", name: "An answer begins within", text: (value) => `${countText(value)} ms` },
  {
    key: "receivedBytesPerSecond",
    name: "Read from clients",
    text: (value) => `${memoryText(value)} a second`,
  },
  { key: "sentBytesPerSecond", name: "Read for clients", text: (value) => `${memoryText(value)} a second` },
];

export function QuotaAndLending({
  quota,
  lending,
}: Pick<AppExplanation, "quota" | "lending">): ComponentChild {
  const limits = QUOTAS.flatMap(({ key, name, text }) => {
    const value = quota[key];
    return value === undefined ? [] : [[name, text(value)] as const];
  });
  return h(
    "section",
    { class: "card" },
    h("h2", null, "What it may use"),
    h("h3", null, "Quota of each instance"),
    limits.length === 0
      ? h("p", { class: "soft" }, "It has none: its share of the proxy bounds it.")
      : h(Facts, { facts: limits }),
    h("h3", null, "Lending, all instances together"),
    lending === null
      ? h("p", { class: "soft" }, "Not known: no instance's share and usage are.")
      : h(Facts, {
          facts: [
            ["Guaranteed", both(lending.guaranteed), "What it gets whatever the others do"],
            ["Idle, and lent to others", both(lending.lendable), "Taken back at once when it is needed"],
            ["Borrowed beyond it", both(lending.borrowed), "What others do not use of theirs"],
          ],
        }),
  );
}

function both({ cpuMilli, memoryBytes }: Resources): string {
  return `${memoryText(memoryBytes)} · ${cpuText(cpuMilli)}`;
}
