import { type Dashboard, RATE } from "../dashboard.ts";

export const CAPACITY: Dashboard = {
  name: "capacity",
  title: "Berth: what does the mesh take of the cluster?",
  panels: [
    {
      title: "How many pods share one instance?",
      runbook: "Pods of one app are spread over many nodes",
      unit: "short",
      shows: "now",
      queries: [
        {
          expr: 'sum(berth_proxy_pods) / sum(berth_proxy_instances{state=~"serving|lingering"})',
          legend: "pods per instance",
        },
      ],
      description:
        "1 is what sidecars would have. It falls when apps are spread thin: see the scheduler's dashboard.",
    },
    {
      title: "How many instances serve?",
      unit: "short",
      shows: "now",
      queries: [{ expr: 'sum(berth_proxy_instances{state="serving"})', legend: "instances" }],
    },
    {
      title: "How many nodes have a proxy at work?",
      runbook: "A node's proxy is not ready",
      unit: "short",
      shows: "now",
      queries: [{ expr: "sum(berth_proxy_synced)", legend: "proxies" }],
    },
    {
      title: "How much of the port range is used up?",
      runbook: "A mesh pod runs without the mesh",
      unit: "percentunit",
      shows: "now",
      queries: [{ expr: "max(berth_ports_apps) / max(berth_ports_apps_limit)", legend: "used" }],
      description: "Each app has two ports, the same on every node. Widen the range before it is full.",
    },
    {
      title: "How much memory do all proxies have, need and aim for?",
      runbook: "A node's proxy is too small, or does not grow",
      unit: "bytes",
      queries: [{ expr: "max by (kind) (berth_recommender_proxy_memory_bytes)", legend: "{{kind}}" }],
      description:
        "current: what they request. required: what the pods on their nodes call for. target: with headroom.",
    },
    {
      title: "How much memory do they really use?",
      unit: "bytes",
      queries: [
        { expr: "sum(berth_proxy_process_resident_bytes)", legend: "resident" },
        { expr: "sum(berth_proxy_instance_memory_bytes)", legend: "of apps' instances" },
        { expr: "sum(berth_proxy_shared_bytes)", legend: "of no app" },
      ],
    },
    {
      title: "How many CPUs do they really use?",
      unit: "cores",
      queries: [
        { expr: `sum(rate(berth_proxy_process_cpu_seconds_total[${RATE}]))`, legend: "all" },
        {
          expr: `sum(rate(berth_proxy_instance_cpu_seconds_total[${RATE}]))`,
          legend: "in apps' own threads",
        },
      ],
    },
    {
      title: "How much memory does one more pod cost its node's proxy?",
      unit: "bytes",
      queries: [
        {
          expr: `sum(rate(berth_extender_mesh_cost_granted_bytes_total[${RATE}])) / (sum(rate(berth_extender_bindings_total{guess="right"}[${RATE}])) > 0)`,
          legend: "mean B of placed pods",
        },
      ],
      description:
        "B, the share that kube-scheduler does not see: large for an app's first pod on a node, small for those that join.",
    },
    {
      title: "Which apps' instances use most memory?",
      unit: "bytes",
      queries: [{ expr: "topk(10, sum by (app) (berth_proxy_instance_memory_bytes))", legend: "{{app}}" }],
    },
    {
      title: "Which apps' instances use most CPU?",
      unit: "cores",
      queries: [
        {
          expr: `topk(10, sum by (app) (rate(berth_proxy_instance_cpu_seconds_total[${RATE}])))`,
          legend: "{{app}}",
        },
      ],
    },
    {
      title: "Which nodes' proxies use most memory?",
      unit: "bytes",
      queries: [{ expr: "topk(10, berth_proxy_process_resident_bytes)", legend: "{{node}}" }],
    },
    {
      title: "How many entries does discovery hold, and how many would there be by pod?",
      unit: "short",
      queries: [
        { expr: "max(sum by (instance) (berth_discovery_entries))", legend: "by node" },
        { expr: "max(berth_discovery_pods)", legend: "by pod" },
      ],
    },
  ],
};
