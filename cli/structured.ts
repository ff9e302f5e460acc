// What a command found, for programs.

import { stringify } from "yaml";

/** As JSON in one line or as YAML; undefined where a person is to read it. */
export function structured(output: string, value: unknown): string | undefined {
  if (output === "json") return `${JSON.stringify(value)}\n`;
  // Long lines are not folded: they would be read by line.
  return output === "yaml" ? stringify(value, { lineWidth: 0 }) : undefined;
}

/** A report's JSON as it is, or the same as YAML where that is asked for. */
export function reencoded(output: string, json: string): string {
  return (output === "yaml" ? structured(output, JSON.parse(json)) : undefined) ?? json;
}
