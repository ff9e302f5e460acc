// Quantities given as flags.

import { QuantityError } from "#model/quantity.ts";
import { UsageError } from "#runtime/usage-error.ts";

/**
 * What `parse` makes of a flag's text.
 *
 * @throws UsageError that names the flag where `parse` finds no quantity.
 */
export function quantityFlag(flag: string, parse: () => number): number {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    throw new UsageError(`${flag}: ${error.message}`, { cause: error });
  }
}
