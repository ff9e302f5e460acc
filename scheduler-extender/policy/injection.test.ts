import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type InjectableContainer,
  type InjectablePod,
  injectionPatch,
  type InjectionOptions,
  INJECTED_ANNOTATION,
} from "./injection.ts";

const OPTIONS: InjectionOptions = {
  ports: { inbound: 20_000, outbound: 20_001 },
  ipFamily: "IPv4",
  noProxy: [".internal"],
  preStopSeconds: 5,
};

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

function valueAt(pod: InjectablePod, path: string, options: Partial<InjectionOptions> = {}): unknown {
  const found = injectionPatch(pod, { ...OPTIONS, ...options }).filter(
    (operation) => operation.path === path,
  );
  assert.ok(found.length <= 1, "a path is written once");
  return found[0]?.value;
}

function environment(
  container: Partial<InjectableContainer> = {},
  options: Partial<InjectionOptions> = {},
): readonly Variable[] {
  const pod = { spec: { containers: [{ name: "app", ...container }] } };
  return valueAt(pod, "/spec/containers/0/env", options) as readonly Variable[];
}

function variable(variables: readonly Variable[], name: string): string | undefined {
  return variables.find((variable) => variable.name === name)?.value;
}

test("every container is given the address of its node's proxy, after the variable that it refers to", () => {
  const variables = environment();
  assert.deepEqual(variables[0], {
    name: "BERTH_NODE_IP",
    valueFrom: { fieldRef: { fieldPath: "status.hostIP" } },
  });
  assert.equal(variable(variables, "HTTP_PROXY"), "http://$(BERTH_NODE_IP):20001");
  assert.equal(variable(variables, "http_proxy"), "http://$(BERTH_NODE_IP):20001");
  assert.equal(variable(variables, "NODE_USE_ENV_PROXY"), "1");
});

test("HTTPS goes through the same port, as a tunnel, unless the author said otherwise", () => {
  const variables = environment();
  for (const name of ["HTTPS_PROXY", "https_proxy"])
    assert.equal(variable(variables, name), variable(variables, "HTTP_PROXY"));
  const java = variable(variables, "JAVA_TOOL_OPTIONS") ?? "";
  assert.match(java, / -Dhttps\.proxyHost=\$\(BERTH_NODE_IP\) -Dhttps\.proxyPort=20001 /);
  const theirs = environment({ env: [{ name: "https_proxy", value: "" } as never] });
  assert.equal(theirs.filter(({ name }) => name.toLowerCase() === "https_proxy").length, 1);
});

test("an IPv6 address stands in brackets in the URL and without them in Java's properties", () => {
  const variables = environment({}, { ipFamily: "IPv6" });
  assert.equal(variable(variables, "HTTP_PROXY"), "http://[$(BERTH_NODE_IP)]:20001");
  assert.match(
    variable(variables, "JAVA_TOOL_OPTIONS") ?? "",
    /-Dhttp\.proxyHost=\$\(BERTH_NODE_IP\) -Dhttp\.proxyPort=20001 /,
  );
});

test("loopback, metadata, the API server and the given hosts are reached directly", () => {
  const variables = environment();
  const direct = (variable(variables, "NO_PROXY") ?? "").split(",");
  for (const host of [
    "localhost",
    "127.0.0.1",
    "::1",
    "169.254.169.254",
    "kubernetes.default.svc",
    ".internal",
  ])
    assert.ok(direct.includes(host), host);
  assert.ok(direct.includes("$(KUBERNETES_SERVICE_HOST)"));
  assert.equal(variable(variables, "no_proxy"), variable(variables, "NO_PROXY"));
  const java = /-Dhttp\.nonProxyHosts=(\S+)/.exec(variable(variables, "JAVA_TOOL_OPTIONS") ?? "");
  const starred = direct.map((host) => (host === ".internal" ? "*.internal" : host));
  assert.deepEqual(java?.[1]?.split("|"), starred);
});

test("what the author set is kept, in its order and after ours", () => {
  const theirs = [
    { name: "FIRST", value: "$(BERTH_NODE_IP)" },
    { name: "HTTP_PROXY", value: "http://corporate:3128" },
  ];
  const variables = environment({ env: theirs });
  assert.deepEqual(variables.slice(-2), theirs);
  // Nor is it contradicted in the other case: programs read one or the other.
  assert.equal(variables.filter(({ name }) => name.toLowerCase() === "http_proxy").length, 1);
});

test("init containers speak through the proxy too and get no pause", () => {
  const pod = { spec: { containers: [{ name: "app" }], initContainers: [{ name: "migrate" }] } };
  const paths = new Set(injectionPatch(pod, OPTIONS).map(({ path }) => path));
  assert.ok(paths.has("/spec/initContainers/0/env"));
  assert.equal(paths.has("/spec/initContainers/0/lifecycle"), false);
});

test("labels and annotations are created where there are none, and added to where there are", () => {
  const bare = { spec: { containers: [] } };
  assert.deepEqual(valueAt(bare, "/metadata/labels"), { "berth.dev/mesh": "enabled" });
  assert.deepEqual(valueAt(bare, "/metadata/annotations"), { [INJECTED_ANNOTATION]: "true" });
  const dressed = { metadata: { labels: {}, annotations: {} }, spec: { containers: [] } };
  assert.equal(valueAt(dressed, "/metadata/labels/berth.dev~1mesh"), "enabled");
  assert.equal(valueAt(dressed, "/metadata/annotations/berth.dev~1injected"), "true");
  assert.equal(valueAt(dressed, "/metadata/labels"), undefined);
});

test("labels and annotations that are null are created like absent ones", () => {
  const pod = { metadata: { labels: null, annotations: null }, spec: { containers: [] } };
  assert.deepEqual(valueAt(pod, "/metadata/labels"), { "berth.dev/mesh": "enabled" });
  assert.deepEqual(valueAt(pod, "/metadata/annotations"), { [INJECTED_ANNOTATION]: "true" });
});

test("a container without a preStop hook pauses before it stops", () => {
  const pause = { sleep: { seconds: 5 } };
  const postStart = { exec: { command: ["true"] } };
  const without = { spec: { containers: [{ name: "app" }] } };
  assert.deepEqual(valueAt(without, "/spec/containers/0/lifecycle"), { preStop: pause });
  const withPostStart = { spec: { containers: [{ name: "app", lifecycle: { postStart } }] } };
  assert.deepEqual(valueAt(withPostStart, "/spec/containers/0/lifecycle/preStop"), pause);
  assert.equal(valueAt(withPostStart, "/spec/containers/0/lifecycle"), undefined);
});

test("a preStop hook of the author's is kept, and a pause of 0 seconds is none", () => {
  const preStop = { exec: { command: ["sync"] } };
  const kept = { spec: { containers: [{ name: "app", lifecycle: { preStop } }] } };
  const paths = [
    ...injectionPatch(kept, OPTIONS),
    ...injectionPatch({ spec: { containers: [{ name: "app" }] } }, { ...OPTIONS, preStopSeconds: 0 }),
  ].map(({ path }) => path);
  assert.equal(
    paths.some((path) => path.includes("lifecycle")),
    false,
  );
});

test("where kube-scheduler tells mesh pods by a resource, the first container asks for one, beside what it asks for", () => {
  const one = { "berth.dev/mesh": "1" };
  const managed = { isManagedResource: true };
  const bare = { spec: { containers: [{ name: "app" }, { name: "second" }] } };
  assert.deepEqual(valueAt(bare, "/spec/containers/0/resources", managed), { requests: one, limits: one });
  assert.equal(valueAt(bare, "/spec/containers/0/resources"), undefined);
  const pod = { spec: { containers: [{ name: "app", resources: { requests: { cpu: "1" } } }] } };
  assert.equal(valueAt(pod, "/spec/containers/0/resources/requests/berth.dev~1mesh", managed), "1");
  assert.deepEqual(valueAt(pod, "/spec/containers/0/resources/limits", managed), one);
});

test("a pod that names no scheduler of its own is given the mesh's; any other name, and all of them without one, are kept", () => {
  const named = (schedulerName: string | undefined, ours?: string): unknown => {
    const pod = { spec: { containers: [], ...(schedulerName === undefined ? {} : { schedulerName }) } };
    return valueAt(pod, "/spec/schedulerName", ours === undefined ? {} : { schedulerName: ours });
  };
  for (const none of [undefined, "", "default-scheduler"]) {
    assert.equal(named(none, "berth-scheduler"), "berth-scheduler");
    assert.equal(named(none), undefined);
    assert.equal(named(none, ""), undefined);
  }
  assert.equal(named("gpu-scheduler", "berth-scheduler"), undefined);
});

test("the pause is shorter than the time that a pod may take to end, or the API server would refuse the pod", () => {
  const pauseOf = (terminationGracePeriodSeconds: number | undefined, preStopSeconds = 5): unknown => {
    const grace = terminationGracePeriodSeconds === undefined ? {} : { terminationGracePeriodSeconds };
    const pod = { spec: { containers: [{ name: "app" }], ...grace } };
    return valueAt(pod, "/spec/containers/0/lifecycle", { preStopSeconds });
  };
  const pause = (seconds: number): unknown => ({ preStop: { sleep: { seconds } } });
  assert.deepEqual(pauseOf(undefined), pause(5));
  assert.deepEqual(pauseOf(6), pause(5));
  assert.deepEqual(pauseOf(5), pause(2));
  assert.deepEqual(pauseOf(2), pause(1));
  assert.deepEqual(pauseOf(undefined, 40), pause(15));
  for (const seconds of [0, 1]) assert.equal(pauseOf(seconds), undefined);
});
