// A survey as a report shows it, beside others.

import type { Survey } from "../survey/survey.ts";

export interface SurveyedRow {
  readonly name: string;
  readonly survey: Survey;
  /** Berth's own, among others. */
  readonly isOurs: boolean;
  /** Against kube-scheduler's default placement; undefined where that was not run. */
  readonly savedPerNodeByPlacement?: number | undefined;
}
