// Samples of a /metrics page in Prometheus' text format: name, labels, value.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Samples = readonly Sample[];

export function parseSamples(text: string): Samples {
  return text.split("\n").flatMap((line) => {
    const [, name = "", labels = "", value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    return value === undefined ? [] : [{ name, labels: parseLabels(labels), value: Number(value) }];
  });
}

/** Σ of the samples of a name whose labels pass. */
export function sumOf(
  samples: Samples,
  name: string,
  isCounted: (labels: Sample["labels"]) => boolean = () => true,
): number {
  let sum = 0;
  for (const sample of samples) if (sample.name === name && isCounted(sample.labels)) sum += sample.value;
  return sum;
}

function parseLabels(text: string): Readonly<Record<string, string>> {
  const pairs = text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
  return Object.fromEntries([...pairs].map(([, key = "", value = ""]) => [key, value]));
}
