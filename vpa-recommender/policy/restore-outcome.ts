/** What became of something that was saved: as much or more may be known by now, or it is nothing of ours. */
export type RestoreOutcome = "restored" | "older" | "refused";
