import assert from "node:assert/strict";
import { test } from "node:test";
import { loadAppCurves } from "./app-curves.ts";
import { writtenFile } from "./written-file.ts";

test("curves are relative to their own mean, and what is wrong is said with its line", async (t) => {
  const table = (rows: string): Promise<string> =>
    writtenFile(t, "curves.csv", `app,cpu_curve_98pt_cores\n${rows}`);
  const curves = await loadAppCurves(await table("cart,1|2|3\nshop,0.5|0.5\n"));
  assert.deepEqual(
    [...curves],
    [
      ["cart", [0.5, 1, 1.5]],
      ["shop", [1, 1]],
    ],
  );
  await assert.rejects(loadAppCurves(await table("cart,1|x\n")), /curves\.csv:2.*cpu_curve_98pt_cores/);
  await assert.rejects(loadAppCurves(await table("cart,1\ncart,2\n")), /:3.*app cart stands twice/);
});
