// `--node-size`: CPU and memory of a node, as every command that makes up nodes takes it.

import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { quantityFlag } from "./quantity-flag.ts";

const FLAG = "--node-size";

/**
 * Two quantities with a comma between, such as 32,128Gi, rounded as capacity is.
 *
 * @throws UsageError if it is anything else, or nothing is left.
 */
export function parseNodeSize(text: string): Resources {
  const [cpu, memory, ...rest] = text.split(",");
  if (cpu === undefined || memory === undefined || rest.length > 0) {
    throw new UsageError(`${FLAG}: "${text}" is not CPU,MEMORY such as 32,128Gi: two quantities are needed`);
  }
  const size = {
    cpuMilli: quantityFlag(FLAG, () => parseCpuMilli(cpu.trim(), "down")),
    memoryBytes: quantityFlag(FLAG, () => parseMemoryBytes(memory.trim(), "down")),
  };
  if (size.cpuMilli > 0 && size.memoryBytes > 0) return size;
  throw new UsageError(`${FLAG}: a node of ${text} holds nothing; a node has some of each`);
}
