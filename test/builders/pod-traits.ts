// What a pod's template says: the label of its app and port 8080, unless said otherwise.

import { APP_LABEL, type Labels } from "#model/app.ts";
import type { AppPort } from "#model/app-port.ts";
import type { PodTraits } from "#model/cluster-view.ts";

export function traitsOf(
  app: string,
  { labels = {}, appPort = { port: 8080, name: "http" } }: { labels?: Labels; appPort?: AppPort | null } = {},
): PodTraits {
  const all = { [APP_LABEL]: app, ...labels };
  const port = appPort ?? undefined;
  return { key: JSON.stringify([port, all]), labels: all, appPort: port };
}
