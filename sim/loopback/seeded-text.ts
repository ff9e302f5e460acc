// Names and ids drawn from the server's random source, so that a seeded fleet is the same in every run.

/** A version 4 UUID. */
export function randomUid(random: () => number): string {
  const hex = randomText(random, { alphabet: "0123456789abcdef", length: 32 });
  const variant = "89ab"[Math.floor(random() * 4)];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** The five characters that generateName appends: no vowels, so that no words appear. */
export function nameSuffix(random: () => number): string {
  return randomText(random, { alphabet: "bcdfghjklmnpqrstvwxz2456789", length: 5 });
}

interface TextShape {
  readonly alphabet: string;
  readonly length: number;
}

function randomText(random: () => number, { alphabet, length }: TextShape): string {
  let text = "";
  for (let i = 0; i < length; i++) text += alphabet[Math.floor(random() * alphabet.length)];
  return text;
}
