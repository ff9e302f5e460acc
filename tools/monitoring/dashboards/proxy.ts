import { type Dashboard, RATE } from "../dashboard.ts";

const APPS = 'app=~"$app"';

export const PROXY: Dashboard = {
  name: "proxy",
  title: "Berth: how does each app fare in its proxies?",
  panels: [
    {
      title: "How many requests does each app have?",
      unit: "reqps",
      queries: [
        {
          expr: `sum by (app, direction) (rate(berth_proxy_requests_total{${APPS}}[${RATE}]))`,
          legend: "{{app}} {{direction}}",
        },
      ],
    },
    {
      title: "What share of them fails?",
      runbook: "A client gets 429 or 503 from the proxy",
      unit: "percentunit",
      queries: [
        {
          expr: `sum by (app) (rate(berth_proxy_responses_total{${APPS},class="5xx"}[${RATE}])) / (sum by (app) (rate(berth_proxy_requests_total{${APPS}}[${RATE}])) > 0)`,
          legend: "{{app}}: answered with 5xx",
        },
      ],
    },
    {
      title: "What did the proxy itself have to refuse or give up?",
      runbook: "A client gets 429 or 503 from the proxy",
      unit: "reqps",
      queries: [
        {
          expr: `sum by (app, reason) (rate(berth_proxy_failed_requests_total{${APPS}}[${RATE}])) or vector(0)`,
          legend: "{{app}}: {{reason}}",
        },
      ],
      description: "By reason, as docs/reference/reasons.md lists them.",
    },
    {
      title: "Which quotas limit whom?",
      runbook: "A client gets 429 or 503 from the proxy",
      unit: "reqps",
      queries: [
        {
          expr: `sum by (app, reason) (rate(berth_proxy_throttled_requests_total{${APPS}}[${RATE}])) or vector(0)`,
          legend: "{{app}}: {{reason}}",
        },
      ],
    },
    {
      title: "How many requests are in progress?",
      unit: "short",
      queries: [{ expr: `sum by (app) (berth_proxy_requests_in_flight{${APPS}})`, legend: "{{app}}" }],
    },
    {
      title: "How long do requests wait for their app's concurrency?",
      runbook: "A client gets 429 or 503 from the proxy",
      unit: "s",
      queries: [
        {
          expr: `sum by (app) (rate(berth_proxy_queue_seconds_total{${APPS}}[${RATE}])) / (sum by (app) (rate(berth_proxy_requests_total{${APPS}}[${RATE}])) > 0)`,
          legend: "{{app}}: mean over all requests",
        },
      ],
    },
    {
      title: "How much CPU does each instance use, its part of what is shared included?",
      unit: "cores",
      queries: [
        {
          expr: `sum by (app) (rate(berth_proxy_instance_cpu_seconds_total{${APPS}}[${RATE}]) + rate(berth_proxy_instance_shared_cpu_seconds_total{${APPS}}[${RATE}]))`,
          legend: "{{app}}",
        },
      ],
    },
    {
      title: "Who is held back by CPU or bandwidth?",
      unit: "percentunit",
      queries: [
        {
          expr: `max by (app, resource) (rate(berth_proxy_instance_held_seconds_total{${APPS}}[${RATE}]))`,
          legend: "{{app}}: {{resource}}",
        },
      ],
      description:
        "Share of the time in which the worst node's instance read nothing, because its quota was used up.",
    },
    {
      title: "How much memory does each app's instances hold?",
      unit: "bytes",
      queries: [{ expr: `sum by (app) (berth_proxy_instance_memory_bytes{${APPS}})`, legend: "{{app}}" }],
    },
    {
      title: "How many connections are open?",
      unit: "short",
      queries: [
        {
          expr: `sum by (app, direction) (berth_proxy_connections{${APPS}})`,
          legend: "{{app}} {{direction}}",
        },
      ],
    },
    {
      title: "How many connections are opened anew?",
      unit: "cps",
      queries: [
        {
          expr: `sum by (app, direction) (rate(berth_proxy_connections_opened_total{${APPS}}[${RATE}]))`,
          legend: "{{app}} {{direction}}",
        },
      ],
      description:
        "As many as requests: clients open a connection for each, which costs them and the proxy most of its time.",
    },
    {
      title: "Do instances end by themselves?",
      runbook: "An instance restarts again and again",
      unit: "short",
      queries: [
        {
          expr: `sum by (app, reason) (increase(berth_proxy_instance_restarts_total{${APPS}}[${RATE}])) or vector(0)`,
          legend: "{{app}}: {{reason}}",
        },
      ],
    },
  ],
};
