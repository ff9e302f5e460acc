// The HTTP interfaces of Berth's parts, as the screens ask them. Who knows the way (through the API server, or by an
// address) gives these; cli/ui has both.

import { OperationError } from "#runtime/operation-error.ts";
import type { AppExplanation } from "../policy/app-explanation.ts";
import type { Trouble } from "../policy/wire.ts";

export interface ComponentInterface {
  /** As people are told: "extender", "recommender". */
  readonly name: string;
  /**
   * The answer to a GET, parsed.
   *
   * @throws OperationError ComponentAway if it does not answer, with what to do about it; ComponentRefused with the
   *   component's own words for an answer that is no success.
   */
  get(path: string, query?: Readonly<Record<string, string>>): Promise<unknown>;
  /**
   * Returns if it is there and ready.
   *
   * @throws OperationError as `get` does.
   */
  probe(): Promise<void>;
}

export interface Components {
  readonly extender: ComponentInterface;
  readonly recommender: ComponentInterface;
  /**
   * How an app stands, by what all of them know.
   *
   * @throws OperationError for an app that there is not, and for an API server that does not answer.
   */
  readonly explainApp: (app: string) => Promise<AppExplanation>;
}

/** A component is not reached. */
export class ComponentAway extends OperationError {
  /** What whoever reads it can do. */
  readonly mend: string;

  constructor(message: string, mend: string, options?: ErrorOptions) {
    super("ComponentAway", message, options);
    this.mend = mend;
  }
}

/** What people are told of an error: its own words, and how to mend it if it says so. */
export function troubleOf(error: OperationError): Trouble {
  const mend = "mend" in error ? String(error.mend) : "It is tried again every few seconds.";
  return { message: error.message, mend };
}
