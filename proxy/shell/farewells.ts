// Carries out the farewells of one draining port.

import { type DrainProgress, dueFarewells, farewell } from "../policy/farewell.ts";

/** It may take the first word or a later one, as long as it is not the last call. */
export interface Leaver {
  farewell(how: { readonly isLastCall: boolean }): void;
}

export class Farewells {
  readonly #told = new WeakSet<Leaver>();
  #toldCount = 0;

  /**
   * To be called at a steady pace.
   *
   * @param lasting who would stay for ever, in the order of their coming
   * @param others who will end by themselves, but perhaps not in time
   */
  turn(progress: DrainProgress, lasting: readonly Leaver[], others: Iterable<Leaver>): void {
    const step = farewell(progress);
    const untold = lasting.filter((one) => !this.#told.has(one));
    const due = dueFarewells(step, { told: this.#toldCount, untold: untold.length });
    for (const one of untold.slice(0, due)) this.#told.add(one);
    this.#toldCount += due;
    for (const one of lasting) if (this.#told.has(one)) one.farewell(step);
    if (step.isLastCall) for (const one of others) one.farewell(step);
  }
}
