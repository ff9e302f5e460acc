/** Whether escapes for colours are understood and wanted on the standard output (no-color.org). */
export function wantsColour(): boolean {
  return process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
}
