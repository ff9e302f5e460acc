// Figures as people read them.

const KIB = 1024;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function countText(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

export function memoryText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= KIB && unit < UNITS.length - 1; unit++) value /= KIB;
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${UNITS[unit]}`;
}

/** A share, to a tenth of a percent. */
export function percentText(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Millicores as cores. */
export function coresText(cpuMilli: number): string {
  return countText(cpuMilli / 1000);
}

/** A saved share as a change: `−63 %` for 0.63. */
export function savedText(share: number | undefined): string {
  if (share === undefined) return "";
  const percent = Math.round(Math.abs(share) * 100);
  if (percent === 0) return "±0 %";
  return `${share >= 0 ? "−" : "+"}${percent} %`;
}

export function ratioText(value: number | undefined): string {
  return value === undefined ? "–" : value.toFixed(2);
}

/** To a tenth; below a second to the millisecond. */
export function secondsText(seconds: number): string {
  if (seconds > 0 && seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  return `${seconds.toLocaleString("en-US", { maximumFractionDigits: 1 })} s`;
}
