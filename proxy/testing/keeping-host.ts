// A host for tests of the supervisor: gives it an identity to keep and dies; one that is given it back is ready.

import type { AppName } from "#model/brand.ts";

import type { FromHost, ToHost } from "../shell/supervisor-messages.ts";

process.once("message", (message: ToHost) => {
  if (message.kind !== "start") return;
  const [kept] = message.identities;
  if (kept === undefined) {
    const material = { certificate: "certificate", key: "key", roots: "roots" };
    tell({ kind: "keep-identity", app: "shop/cart" as AppName, material }, () => process.exit(1));
    return;
  }
  const [app, { key }] = kept;
  tell({ kind: "listening", controlUrl: `http://127.0.0.1:1/${app}/${key}` });
  tell({ kind: "ready" });
});
// Whoever drains it has seen enough.
process.on("message", (message: ToHost) => {
  if (message.kind === "drain") process.exit(0);
});

function tell(message: FromHost, told: () => void = () => undefined): void {
  process.send?.(message, told);
}
