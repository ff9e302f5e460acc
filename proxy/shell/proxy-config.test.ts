import assert from "node:assert/strict";
import { test } from "node:test";

import { UsageError } from "#runtime/usage-error.ts";

import { parseProxyFlags, PROXY_HELP } from "./proxy-config.ts";
import type { ClusterEnvironment } from "./proxy-config.ts";

const NEEDED = ["--node-name", "n1", "--node-address", "fd00::1"];

const IN_A_POD = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };

test("flags that are left out have their defaults", () => {
  assert.deepEqual(parseProxyFlags(NEEDED, {}), {
    kind: "run",
    config: {
      nodeName: "n1",
      nodeAddress: "fd00::1",
      podName: undefined,
      apiServer: undefined,
      tokenFile: undefined,
      caFile: undefined,
      controlHost: "127.0.0.1",
      controlPort: 9092,
      usagePort: 0,
      identity: "off",
      trustDomain: "cluster.local",
      threadCgroups: { kind: "off" },
      isBypassingCounted: false,
      meshRoots: { namespace: "berth-system", name: "berth-mesh-roots" },
      lingerMs: 30_000,
      drainTimeoutMs: 30_000,
      logLevel: "info",
    },
  });
});

test("in a pod the API server is the cluster's own, whatever the family of its address", () => {
  assert.equal(apiServer([], IN_A_POD), "https://10.96.0.1:443");
  assert.equal(apiServer([], { ...IN_A_POD, KUBERNETES_SERVICE_HOST: "fd00::1" }), "https://[fd00::1]:443");
  assert.equal(
    apiServer([], { ...IN_A_POD, KUBERNETES_SERVICE_HOST: "api.example" }),
    "https://api.example:443",
  );
});

test("in a pod, too, the API server is the one that was asked for, or none", () => {
  assert.equal(apiServer(["--api-server", "http://127.0.0.1:8001"], IN_A_POD), "http://127.0.0.1:8001");
  assert.equal(apiServer(["--api-server", "none"], IN_A_POD), undefined);
});

test("half an address of an API server is none", () => {
  assert.equal(apiServer([], { KUBERNETES_SERVICE_HOST: "10.96.0.1" }), undefined);
  assert.equal(apiServer([], { ...IN_A_POD, KUBERNETES_SERVICE_HOST: "" }), undefined);
});

test("seconds may have a fraction", () => {
  const command = parseProxyFlags([...NEEDED, "--linger-seconds", "0.5"], {});
  assert.equal(command.kind === "run" && command.config.lingerMs, 500);
});

test("control groups for threads are made below the proxy's own, or where it is said", () => {
  const place = (value: string) => {
    const command = parseProxyFlags([...NEEDED, "--thread-cgroups", value], {});
    return command.kind === "run" ? command.config.threadCgroups : undefined;
  };
  assert.deepEqual(place("off"), { kind: "off" });
  assert.deepEqual(place("on"), { kind: "own" });
  assert.deepEqual(place("/sys/fs/cgroup/berth"), { kind: "at", directory: "/sys/fs/cgroup/berth" });
});

test("every flag that cannot work is named", () => {
  const wrong: readonly (readonly string[])[] = [
    ["--node-name", ""],
    ["--node-address", "node-1"],
    ["--api-server", "localhost:6443"],
    ["--control-host", "localhost"],
    ["--control-port", "65536"],
    ["--thread-cgroups", "sys/fs/cgroup"],
    ["--linger-seconds", "-1"],
    ["--drain-timeout-seconds", "30s"],
    ["--log-level", "loud"],
    ["--unknown", "x"],
  ];
  for (const flags of wrong) {
    const [flag = ""] = flags;
    // The equals sign keeps values that begin with a dash from being read as flags.
    const args = [...NEEDED, flags.join("=")];
    assert.throws(
      () => parseProxyFlags(args, {}),
      (error) => error instanceof UsageError && error.message.includes(flag),
      flag,
    );
  }
  assert.throws(() => parseProxyFlags(["--node-name", "n1"], {}), /--node-address is required/);
});

test("the help page lists every flag", () => {
  for (const flag of ["--help", "-h"]) assert.deepEqual(parseProxyFlags([flag], {}), { kind: "help" });
  for (const flag of ["node-name", "node-address", "api-server", "token-file", "ca-file", "control-host"]) {
    assert.match(PROXY_HELP, new RegExp(`--${flag} `));
  }
});

function apiServer(flags: readonly string[], environment: ClusterEnvironment): string | undefined {
  const command = parseProxyFlags([...NEEDED, ...flags], environment);
  assert.ok(command.kind === "run");
  return command.config.apiServer;
}
