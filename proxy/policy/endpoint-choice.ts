// Which of an app's pods gets the next request: the one with the fewest in progress; among equals, in turn.

export interface Endpoint {
  readonly inFlight: number;
}

/**
 * @param turn grows by one per request; it decides among equals.
 * @returns undefined if there is no endpoint.
 */
export function chooseEndpoint<T extends Endpoint>(endpoints: readonly T[], turn: number): T | undefined {
  let chosen: T | undefined;
  for (let step = 0; step < endpoints.length; step++) {
    const candidate = endpoints[(turn + step) % endpoints.length];
    if (candidate === undefined) continue;
    if (chosen === undefined || candidate.inFlight < chosen.inFlight) chosen = candidate;
  }
  return chosen;
}
