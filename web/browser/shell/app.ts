// The page: head, notices, and the screen that the address names.

import { type ComponentChild, h } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Overview } from "#web/policy/overview.ts";
import type { View } from "#web/policy/wire.ts";
import type { Screen } from "../screen.ts";
import { Header } from "./header.ts";
import { type Live, useLive } from "./live.ts";
import { Notices } from "./notices.ts";
import { hrefTo, useAddress } from "./router.ts";
import { useTheme } from "./theme.ts";

export function App({ screens }: { readonly screens: readonly Screen<never>[] }): ComponentChild {
  const address = useAddress(screens[0]?.name ?? "");
  const live = useLive(address);
  const [theme, setTheme] = useTheme();
  const screen = screens.find(({ name }) => name === address.screen);
  const title = screen?.question(address.params) ?? "There is no such screen";
  const heading = useTitle(title, address.screen);
  const overview = live.overview.view as Overview | undefined;
  return h(
    "div",
    { class: "page" },
    h(
      "a",
      { class: "skip", href: "#content", onClick: (event: Event) => focusContent(event) },
      "Skip to the content",
    ),
    h(Header, { screens, current: address.screen, overview, connection: live.connection, theme, setTheme }),
    h(
      "main",
      { id: "content", tabIndex: -1 },
      h("h1", { ref: heading, tabIndex: -1 }, title),
      h(Notices, {
        connection: live.connection,
        overview,
        troubles: [live.overview.trouble, live.screen.trouble],
      }),
      screen === undefined
        ? h("p", { class: "empty" }, h("a", { href: hrefTo(screens[0]?.name ?? "") }, "Go to the first one."))
        : h(Content, { key: address.screen, screen, live, params: address.params }),
    ),
  );
}

interface ContentProps {
  readonly screen: Screen<never>;
  readonly live: Live;
  readonly params: Readonly<Record<string, string>>;
}

function Content({ screen, live, params }: ContentProps): ComponentChild {
  const { view, trouble } = live.screen;
  if (view === undefined) return trouble === undefined ? h("p", { class: "loading" }, "Loading…") : null;
  // The server's screen of the same name made this view; the two types are one in web/policy.
  const draw = screen.draw as unknown as Screen<View>["draw"];
  return h(draw, { view, params });
}

/** Names the tab, and after a way to another screen has the keyboard begin at its heading. */
function useTitle(title: string, screen: string): { readonly current: HTMLHeadingElement | null } {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(screen);
  useEffect(() => {
    document.title = `${title} – Berth`;
  }, [title]);
  useEffect(() => {
    if (shown.current === screen) return;
    shown.current = screen;
    heading.current?.focus();
  }, [screen]);
  return heading;
}

// A fragment is a screen's address here, so that the link is followed by hand.
function focusContent(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
