// What the API server itself counts of the calls of Berth's webhooks.

import type { TestCluster } from "./test-cluster.ts";

/** How often the API server let a pod pass because a webhook of Berth's did not answer, since it started. */
export async function failedOpen({ connection }: TestCluster): Promise<number> {
  const metrics = await connection.getText("/metrics");
  const counts = [
    ...metrics.matchAll(
      /^apiserver_admission_webhook_fail_open_count\{name="[^"]*mesh\.berth\.dev"[^}]*\} (\d+)$/gm,
    ),
  ];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
