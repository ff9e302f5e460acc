// Which version of its configuration each app has here and how it does, as `GET /v1/releases` shows it to the
// recommender's leader, which judges releases by it.

import type { ProxyHost } from "./host.ts";
import type { InstanceReleaseReport } from "./instance-release.ts";

export interface ReleaseReport {
  readonly node: string;
  readonly apps: readonly (InstanceReleaseReport & {
    readonly app: string;
    readonly state: string;
  })[];
}

export function releaseReport(host: ProxyHost): ReleaseReport {
  return {
    node: host.nodeName,
    apps: host.instances.flatMap(({ app, state, release }) => {
      const report = release.report();
      return report === undefined ? [] : [{ app, state: state.phase.kind, ...report }];
    }),
  };
}
