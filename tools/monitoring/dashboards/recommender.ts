import { type Dashboard, RATE } from "../dashboard.ts";

export const RECOMMENDER: Dashboard = {
  name: "recommender",
  title: "Berth: do proxies have the right size?",
  panels: [
    {
      title: "How much larger than needed are all proxies together?",
      unit: "percentunit",
      shows: "now",
      queries: [
        {
          expr: 'max(berth_recommender_proxy_memory_bytes{kind="current"}) / max(berth_recommender_proxy_memory_bytes{kind="required"}) - 1',
          legend: "memory beyond what is required",
        },
      ],
      description: "Headroom, and what has not been given back yet. Below zero: proxies lack memory.",
    },
    {
      title: "How long do pods wait for their proxy to grow?",
      runbook: "A node's proxy is too small, or does not grow",
      unit: "s",
      shows: "now",
      queries: [
        {
          expr: "histogram_quantile(0.9, sum by (le) (berth_recommender_shortfall_seconds_bucket))",
          legend: "p90 since the start",
        },
      ],
    },
    {
      title: "How many resizes are made?",
      runbook: "A node's proxy is too small, or does not grow",
      unit: "cps",
      queries: [
        {
          expr: `sum by (direction, outcome) (rate(berth_recommender_resizes_total[${RATE}]))`,
          legend: "{{direction}}: {{outcome}}",
        },
      ],
    },
    {
      title: "Which resizes does kubelet not grant?",
      runbook: "A node's proxy is too small, or does not grow",
      unit: "cps",
      queries: [
        {
          expr: `sum by (reason) (rate(berth_recommender_resizes_pended_total[${RATE}])) or vector(0)`,
          legend: "{{reason}}",
        },
      ],
      description: "Deferred waits for room on the node; Infeasible never fits there.",
    },
    {
      title: "Why are proxies resized, or left?",
      unit: "cps",
      queries: [
        { expr: `sum by (reason) (rate(berth_recommender_plans_total[${RATE}]))`, legend: "{{reason}}" },
      ],
    },
    {
      title: "How much memory do they have, need and aim for?",
      unit: "bytes",
      queries: [{ expr: "max by (kind) (berth_recommender_proxy_memory_bytes)", legend: "{{kind}}" }],
    },
    {
      title: "How long does a round take?",
      unit: "s",
      queries: [
        {
          expr: `histogram_quantile(0.99, sum by (le) (rate(berth_recommender_round_duration_seconds_bucket[${RATE}])))`,
          legend: "planning p99",
        },
        {
          expr: `histogram_quantile(0.99, sum by (le) (rate(berth_recommender_usage_round_duration_seconds_bucket[${RATE}])))`,
          legend: "reading usage p99",
        },
      ],
    },
    {
      title: "Is usage read?",
      runbook: "The recommender learns nothing",
      unit: "cps",
      queries: [
        {
          expr: `sum by (outcome) (rate(berth_recommender_usage_reads_total[${RATE}]))`,
          legend: "{{outcome}}",
        },
      ],
    },
    {
      title: "Which readings are not believed?",
      runbook: "The recommender learns nothing",
      unit: "cps",
      queries: [
        {
          expr: `sum by (fault) (rate(berth_recommender_usage_left_out_total[${RATE}])) or vector(0)`,
          legend: "{{fault}}",
        },
      ],
      description: "future: clocks differ by more than a minute. late: metrics-server is behind.",
    },
    {
      title: "Do proxies answer when they are asked for their instances' usage?",
      runbook: "The recommender learns nothing",
      unit: "cps",
      queries: [
        {
          expr: `sum by (outcome) (rate(berth_recommender_proxies_asked_total[${RATE}]))`,
          legend: "{{outcome}}",
        },
      ],
      onlyWith: "--proxy-usage-port",
    },
    {
      title: "How many VerticalPodAutoscalers does it serve?",
      unit: "short",
      shows: "now",
      queries: [{ expr: "max(berth_recommender_vpa_objects)", legend: "VPAs" }],
    },
  ],
};
