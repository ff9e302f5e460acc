// The contract of a screen's browser side. A screen is one file under web/browser/screens with a Screen, entered in
// screens.ts in the order of the navigation; its data comes from the ScreenSource of the same name (web/shell/screens).

import type { ComponentChild } from "preact";

export type Params = Readonly<Record<string, string>>;

export interface Screen<V> {
  /** In the address: `#/NAME?param=…`. */
  readonly name: string;
  /** In the navigation. */
  readonly label: string;
  /** The one question that it answers: its title. */
  readonly question: (params: Params) => string;
  /**
   * Draws the view. Called with each change; a function component, so that hooks work in it. The shell shows what goes
   * before the first view, and errors; an empty state is the screen's own, with words on what to do.
   */
  readonly draw: (props: ScreenProps<V>) => ComponentChild;
}

export interface ScreenProps<V> {
  readonly view: V;
  readonly params: Params;
}
