// Streams with upstream's answers, recorded by `npm run oracle:vpa -- --record`: fast tests compare ours without Go.

import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import type { VpaAnswer, VpaCommand } from "./vpa-command.ts";

export interface RecordedStreams {
  /** Version of upstream's packages. */
  readonly upstream: string;
  readonly streams: readonly RecordedStream[];
}

export interface RecordedStream {
  readonly commands: readonly VpaCommand[];
  readonly answers: readonly VpaAnswer[];
}

const FILE = new URL("../../fixtures/vpa-streams.json.gz", import.meta.url);

export function readRecordedStreams(): RecordedStreams {
  return JSON.parse(gunzipSync(readFileSync(FILE)).toString("utf8")) as RecordedStreams;
}

export function writeRecordedStreams(recorded: RecordedStreams): void {
  writeFileSync(FILE, gzipSync(JSON.stringify(recorded), { level: 9 }));
}
