// Addresses: `#/SCREEN?param=value`. In the fragment, so that the page works below any path, as behind the API server's
// proxy, and without the server knowing the screens' addresses.

import { useEffect, useState } from "preact/hooks";
import type { ScreenAddress } from "#web/policy/wire.ts";

function addressOf(fragment: string, fallback: string): ScreenAddress {
  const [path = "", query = ""] = fragment.replace(/^#?\/?/, "").split("?", 2);
  const screen = decoded(path) || fallback;
  return { screen, params: Object.fromEntries(new URLSearchParams(query)) };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // A malformed escape is the name of no screen, which the page says.
    return path;
  }
}

/** For links: `href={hrefTo("app", { app: "shop/cart" })}`. Empty parameters are left out. */
export function hrefTo(screen: string, params: Readonly<Record<string, string>> = {}): string {
  const given = Object.entries(params).filter(([, value]) => value !== "");
  const query = new URLSearchParams(given).toString();
  return `#/${encodeURIComponent(screen)}${query === "" ? "" : `?${query}`}`;
}

/** Goes there, as a link would. */
export function goTo(screen: string, params: Readonly<Record<string, string>> = {}): void {
  location.hash = hrefTo(screen, params);
}

/** The present address; the component is drawn again when it changes. */
export function useAddress(fallback: string): ScreenAddress {
  const [address, setAddress] = useState(() => addressOf(location.hash, fallback));
  useEffect(() => {
    const changed = (): void => setAddress(addressOf(location.hash, fallback));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, [fallback]);
  return address;
}
