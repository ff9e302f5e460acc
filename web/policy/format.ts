// Figures as people read them on the screens, units always beside them.

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

export function memoryText(bytes: number): string {
  const size = Math.abs(bytes);
  if (size >= 1024 * GIB) return `${fixed(bytes / GIB / 1024)} TiB`;
  if (size >= GIB) return `${fixed(bytes / GIB)} GiB`;
  return `${Math.round(bytes / MIB)} MiB`;
}

/** Cores from ten upwards, else millicores, as Kubernetes writes them. */
export function cpuText(cpuMilli: number): string {
  if (Math.abs(cpuMilli) >= 10_000) return `${fixed(cpuMilli / 1000)} CPU`;
  return `${Math.round(cpuMilli)}m`;
}

export function countText(count: number): string {
  return Math.round(count)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** What is free, or by how much more is asked for than there is. */
export function roomText(amount: number, text: (amount: number) => string): string {
  return amount < 0 ? `${text(-amount)} over` : `${text(amount)} free`;
}

/** Of 1; nothing to compare with is a dash. */
export function percentText(ratio: number | null): string {
  return ratio === null ? "–" : `${Math.round(ratio * 100)}\u202f%`;
}

/** Pods to an instance. */
export function reuseText(reuse: number | null): string {
  return reuse === null ? "–" : `${reuse.toFixed(1)}×`;
}

/** How well costs are learned. */
export function confidenceText(confidence: number | null): string {
  return confidence === null ? "as given" : `${Math.round(confidence * 100)}\u202f%`;
}

/** Also of amounts that are a few KiB, as a connection takes. */
export function costText(bytes: number): string {
  return bytes > 0 && bytes < 4 * MIB ? `${countText(bytes / 1024)} KiB` : memoryText(bytes);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

function fixed(value: number): string {
  return Math.abs(value) >= 100 ? countText(value) : value.toFixed(1);
}
