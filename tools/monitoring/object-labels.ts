/** What every object of manifests/components/monitoring has. */
export const LABELS = {
  "app.kubernetes.io/name": "berth",
  "app.kubernetes.io/part-of": "berth",
} as const;
