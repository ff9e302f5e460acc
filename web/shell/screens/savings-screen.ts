// "What does the mesh cost, and what would it cost otherwise?"

import { z } from "zod";
import type { SavingsView } from "../../policy/savings.ts";
import type { ScreenSource } from "../screen-source.ts";
import { NEWNESS } from "./what-if-params.ts";

export const savingsScreen: ScreenSource = {
  name: "savings",
  params: z.strictObject({ again: NEWNESS }),
  everyMs: 1_000,
  open({ forecasts }, { again = "" }) {
    const key = `savings ${again}`;
    forecasts.join(key, { kind: "savings" });
    return {
      view(): SavingsView {
        const forecast = forecasts.get(key);
        const result = forecast.result.flatMap((found) => (found.kind === "savings" ? found.part : []));
        return { forecast: { ...forecast, result } };
      },
      close: () => forecasts.leave(key),
    };
  },
};
