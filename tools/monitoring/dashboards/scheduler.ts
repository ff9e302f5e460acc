import { type Dashboard, RATE } from "../dashboard.ts";

export const SCHEDULER: Dashboard = {
  name: "scheduler",
  title: "Berth: where do pods go, and how well?",
  panels: [
    {
      title: "Who leads?",
      runbook: "No extender leads",
      unit: "short",
      shows: "now",
      queries: [{ expr: "sum(berth_extender_leading)", legend: "leaders" }],
      description: "0: pods are placed without regard to B, and start without the mesh.",
    },
    {
      title: "How often did a pod join its app where it could?",
      runbook: "Pods of one app are spread over many nodes",
      unit: "percentunit",
      shows: "now",
      queries: [
        {
          expr: 'sum(berth_extender_colocation_total{outcome="hit"}) / sum(berth_extender_colocation_total{outcome=~"hit|notOffered"})',
          legend: "joined",
        },
      ],
      description:
        "The rest was not offered a node of its app, though one had room: kube-scheduler samples nodes unless percentageOfNodesToScore is 100.",
    },
    {
      title: "How often was the guess right?",
      unit: "percentunit",
      shows: "now",
      queries: [
        {
          expr: 'sum(berth_extender_bindings_total{guess="right"}) / sum(berth_extender_bindings_total{guess=~"right|wrong"})',
          legend: "bound where room was promised",
        },
      ],
    },
    {
      title: "How many promises stand?",
      unit: "short",
      shows: "now",
      queries: [{ expr: "sum(berth_extender_reservations)", legend: "promises" }],
    },
    {
      title: "How long does each verb take?",
      runbook: "Scheduling is slow",
      unit: "s",
      queries: [
        {
          expr: `histogram_quantile(0.5, sum by (le, verb) (rate(berth_extender_verb_duration_seconds_bucket[${RATE}])))`,
          legend: "{{verb}} p50",
        },
        {
          expr: `histogram_quantile(0.99, sum by (le, verb) (rate(berth_extender_verb_duration_seconds_bucket[${RATE}])))`,
          legend: "{{verb}} p99",
        },
      ],
      description: "kube-scheduler places one pod at a time and waits for each answer.",
    },
    {
      title: "What did the extender answer?",
      unit: "cps",
      queries: [
        {
          expr: `sum by (verb, verdict) (rate(berth_extender_decisions_total[${RATE}]))`,
          legend: "{{verb}}: {{verdict}}",
        },
      ],
    },
    {
      title: "Why did nodes not fit?",
      runbook: "A mesh pod stays Pending",
      unit: "cps",
      queries: [
        {
          expr: `sum by (reason) (rate(berth_extender_rejected_nodes_total[${RATE}]))`,
          legend: "{{reason}}",
        },
      ],
      description: "Nodes, not pods: one pod may be kept out of many.",
    },
    {
      title: "Did pods join their app, and if not, why?",
      runbook: "Pods of one app are spread over many nodes",
      unit: "cps",
      queries: [
        { expr: `sum by (outcome) (rate(berth_extender_colocation_total[${RATE}]))`, legend: "{{outcome}}" },
      ],
    },
    {
      title: "How long does a promise stand until its pod is bound?",
      unit: "s",
      queries: [
        {
          expr: `histogram_quantile(0.99, sum by (le) (rate(berth_extender_reservation_seconds_bucket[${RATE}])))`,
          legend: "p99",
        },
        { expr: "max(berth_extender_oldest_reservation_seconds)", legend: "oldest" },
      ],
    },
    {
      title: "Do promises run out?",
      runbook: "Promises run out",
      unit: "cps",
      queries: [{ expr: `sum(rate(berth_extender_expired_reservations_total[${RATE}]))`, legend: "expired" }],
      description: "More than a few: bindings get lost, or pods are promised room and never bound.",
    },
    {
      title: "What did the webhooks do?",
      runbook: "A mesh pod runs without the mesh",
      unit: "cps",
      queries: [
        { expr: `sum by (outcome) (rate(berth_extender_admissions_total[${RATE}]))`, legend: "{{outcome}}" },
      ],
    },
    {
      title: "Is anybody refused?",
      runbook: "Scheduling is slow",
      unit: "cps",
      queries: [
        {
          expr: `sum by (status) (rate(berth_extender_refused_requests_total[${RATE}])) or vector(0)`,
          legend: "{{status}}",
        },
      ],
    },
    {
      title: "How old is what the extender knows?",
      runbook: "No extender leads",
      unit: "s",
      queries: [{ expr: "max by (pod) (berth_extender_cache_age_seconds)", legend: "{{pod}}" }],
      description: "Above 900 s a replica is not ready.",
    },
    {
      title: "How do clients reach Services?",
      unit: "short",
      queries: [{ expr: "max by (route) (berth_discovery_services)", legend: "{{route}}" }],
    },
    {
      title: "How many pods wait behind the gate?",
      runbook: "A mesh pod stays Pending",
      unit: "short",
      queries: [{ expr: "sum(berth_placement_gated_pods)", legend: "gated" }],
      onlyWith: "nominate mode",
    },
    {
      title: "How were gates lifted?",
      runbook: "A mesh pod stays Pending",
      unit: "cps",
      queries: [
        { expr: `sum by (reason) (rate(berth_placement_gates_lifted_total[${RATE}]))`, legend: "{{reason}}" },
      ],
      onlyWith: "nominate mode",
    },
  ],
};
