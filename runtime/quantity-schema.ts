// Kubernetes quantities at the edges: text that is checked where it is read, and parsed where it is used.

import { z } from "zod";
import { parseCpuMilli, parseMemoryBytes, QuantityError } from "#model/quantity.ts";

export const cpuQuantity = quantity(parseCpuMilli, "CPU, such as 250m or 1.5");
export const memoryQuantity = quantity(parseMemoryBytes, "memory, such as 200Mi");

function quantity(parse: (text: string) => number, what: string): z.ZodType<string> {
  return z.string().refine(
    (text) => {
      try {
        return parse(text) >= 0;
      } catch (error) {
        if (error instanceof QuantityError) return false;
        throw error;
      }
    },
    { error: `must be a quantity of ${what}` },
  );
}
