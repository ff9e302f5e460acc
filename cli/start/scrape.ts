// Reads a component's metrics as Prometheus would, for the summary and the checks on it.

import { request } from "undici";

/** Sums of all series of a metric that carry the given labels. */
export class Scrape {
  readonly #lines: readonly string[];

  constructor(text: string) {
    this.#lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  }

  sum(metric: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
    let sum = 0;
    for (const line of this.#lines) {
      const isMetric = line.startsWith(`${metric}{`) || line.startsWith(`${metric} `);
      // A name that ends like the wanted one is another label.
      const carries = (label: string): boolean => line.includes(`{${label}`) || line.includes(`,${label}`);
      if (isMetric && wanted.every(carries)) sum += Number(line.slice(line.lastIndexOf(" ") + 1));
    }
    return sum;
  }

  /** The same for each value of another label; without those that are 0. */
  sumBy(
    metric: string,
    by: string,
    labels: Readonly<Record<string, string>> = {},
  ): Readonly<Record<string, number>> {
    const values = new Set<string>();
    const value = new RegExp(`[{,]${by}="((?:[^"\\\\]|\\\\.)*)"`);
    for (const line of this.#lines) {
      const [, found] = (line.startsWith(`${metric}{`) && value.exec(line)) || [];
      if (found !== undefined) values.add(found);
    }
    const sums = [...values].map((one) => [one, this.sum(metric, { ...labels, [by]: one })] as const);
    return Object.fromEntries(sums.filter(([, sum]) => sum !== 0));
  }
}

const SCRAPE_MS_MAX = 5_000;

/**
 * @throws Error if the component does not answer in time.
 */
export async function scrape(url: string): Promise<Scrape> {
  const response = await request(url, { headersTimeout: SCRAPE_MS_MAX, bodyTimeout: SCRAPE_MS_MAX });
  return new Scrape(await response.body.text());
}
