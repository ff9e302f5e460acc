// The annotation berth.dev/shares on a proxy's pod: its text and its way into the model.
//   {"version":7,"apps":{"shop/cart":{"guaranteed":{"cpuMilli":60,"memoryBytes":115343360},"cap":{"cpuMilli":500,"memoryBytes":…}}}}

import { z } from "zod";
import type { AppName } from "#model/brand.ts";
import { SHARED_APPS_MAX, SHARES_ANNOTATION, type Shares } from "#model/shares.ts";
import { DecodeError } from "./decode-pod.ts";

const amount = z.int().nonnegative();
const resources = z.strictObject({ cpuMilli: amount, memoryBytes: amount });

const appShare = z
  .strictObject({ guaranteed: resources, cap: resources })
  .refine(
    ({ guaranteed, cap }) => guaranteed.cpuMilli <= cap.cpuMilli && guaranteed.memoryBytes <= cap.memoryBytes,
    { error: "the cap must be at least what is guaranteed", path: ["cap"] },
  );

const APP_NAME = /^[^/]+\/[^/]+$/u;

const sharesSchema = z.strictObject({
  version: z.int().nonnegative(),
  apps: z
    .record(z.string(), appShare)
    .refine((apps) => Object.keys(apps).every((app) => APP_NAME.test(app)), {
      error: "an app is namespace/name",
    })
    .refine((apps) => Object.keys(apps).length <= SHARED_APPS_MAX, {
      error: `at most ${SHARED_APPS_MAX} apps`,
    }),
});

/**
 * Reads the annotation's text.
 *
 * @throws DecodeError with the path of every field that is wrong or unknown.
 */
export function decodeShares(text: string): Shares {
  const parsed = sharesSchema.safeParse(parseJson(text));
  if (!parsed.success)
    throw new DecodeError(`annotation ${SHARES_ANNOTATION}: ${z.prettifyError(parsed.error)}`);
  const { version, apps } = parsed.data;
  return { version, apps: new Map(Object.entries(apps) as [AppName, (typeof apps)[string]][]) };
}

/** The annotation's text; the apps sorted, so that the same shares are the same text. */
export function sharesText({ version, apps }: Shares): string {
  const sorted = [...apps].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({ version, apps: Object.fromEntries(sorted) });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DecodeError(`annotation ${SHARES_ANNOTATION}: ${(error as Error).message}`, { cause: error });
  }
}
