import { type Dashboard, RATE } from "../dashboard.ts";

export const HEALTH: Dashboard = {
  name: "health",
  title: "Berth: is Berth itself well?",
  panels: [
    {
      title: "Does one extender lead?",
      runbook: "No extender leads",
      unit: "short",
      shows: "now",
      queries: [{ expr: "sum(berth_extender_leading)", legend: "leaders" }],
    },
    {
      title: "How many proxies do not know their node yet?",
      runbook: "A node's proxy is not ready",
      unit: "short",
      shows: "now",
      queries: [{ expr: "count(berth_proxy_synced) - sum(berth_proxy_synced)", legend: "unsynced" }],
    },
    {
      title: "How many instances should serve and do not?",
      runbook: "An instance restarts again and again",
      unit: "short",
      shows: "now",
      queries: [{ expr: 'sum(berth_proxy_instances{state=~"waiting|backing-off"})', legend: "not serving" }],
    },
    {
      title: "Does the recommender plan?",
      runbook: "The recommender learns nothing",
      unit: "cps",
      shows: "now",
      queries: [
        {
          expr: `sum(rate(berth_recommender_usage_round_duration_seconds_count[${RATE}]))`,
          legend: "usage rounds",
        },
      ],
    },
    {
      title: "In what state are instances?",
      unit: "short",
      queries: [{ expr: "sum by (state) (berth_proxy_instances)", legend: "{{state}}" }],
    },
    {
      title: "Which instances were restarted?",
      runbook: "An instance restarts again and again",
      unit: "short",
      queries: [
        {
          expr: "topk(10, sum by (app, node) (increase(berth_proxy_instance_restarts_total[15m]))) or vector(0)",
          legend: "{{app}} on {{node}}",
        },
      ],
    },
    {
      title: "Which proxies refuse a profile or shares?",
      runbook: "A profile has no effect",
      unit: "short",
      queries: [
        {
          expr: `topk(10, sum by (node) (increase(berth_proxy_refused_configurations_total[${RATE}])))`,
          legend: "{{node}}",
        },
      ],
    },
    {
      title: "How much of the proxies' CPU time belongs to no app?",
      unit: "percentunit",
      queries: [
        {
          expr: `sum(rate(berth_proxy_shared_cpu_seconds_total[${RATE}])) / sum(rate(berth_proxy_process_cpu_seconds_total[${RATE}]))`,
          legend: "shared",
        },
      ],
    },
    {
      title: "How old is what the extender knows?",
      runbook: "No extender leads",
      unit: "s",
      queries: [{ expr: "max(berth_extender_cache_age_seconds)", legend: "oldest watch" }],
    },
    {
      title: "Do apps get their ports?",
      runbook: "A mesh pod runs without the mesh",
      unit: "cps",
      queries: [
        {
          expr: `sum by (outcome) (rate(berth_ports_allocation_attempts_total[${RATE}]))`,
          legend: "{{outcome}}",
        },
      ],
    },
    {
      title: "Do changes of discovery reach the API?",
      unit: "cps",
      queries: [
        {
          expr: `sum by (outcome) (rate(berth_discovery_writes_total[${RATE}])) or vector(0)`,
          legend: "{{outcome}}",
        },
      ],
    },
    {
      title: "Do proxies change hands without resets?",
      unit: "short",
      queries: [
        { expr: "min(berth_proxy_connection_migration)", legend: "kernel hands connections over everywhere" },
        { expr: "sum(berth_proxy_siblings)", legend: "nodes in the middle of it" },
      ],
    },
  ],
};
