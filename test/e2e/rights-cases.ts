// Least rights, measured: what the API server's audit log says the components did is what the manifests permit them,
// nothing was refused, nothing is granted that nobody used, and what they must not do they cannot.

import assert from "node:assert/strict";
import { test } from "node:test";
import { KubeApiError } from "#kube/api-error.ts";
import { KubeConnection } from "#kube/connection.ts";
import { auditedRequests, grantedRights, isUse } from "./audit-log.ts";
import { APP_NAMESPACE } from "./install-cases.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import type { TestCluster } from "./test-cluster.ts";

const ACCOUNTS = ["berth-scheduler-extender", "berth-vpa-recommender", "berth-proxy"] as const;
type Account = (typeof ACCOUNTS)[number];

/** Told apart in the audit log from what the components do. */
const PROBE_AGENT = "berth-e2e-forbidden";

export function rightsCases(cluster: () => TestCluster): void {
  const requests = () =>
    auditedRequests(cluster().controlPlane.files.auditLog).filter(
      ({ userAgent }) => userAgent !== PROBE_AGENT,
    );

  test("no component was refused anything it asked for", (t) => {
    const all = requests();
    for (const account of ACCOUNTS) {
      const own = all.filter((request) => request.account === account);
      assert.ok(own.length > 0, `${account} asked nothing`);
      t.diagnostic(`${account}: ${own.length} requests`);
    }
    assert.deepEqual(
      all.filter(({ status }) => status === 401 || status === 403),
      [],
    );
  });

  test("every right that the manifests grant was used", async (t) => {
    const granted = (await grantedRights(cluster().connection)).filter(({ account }) =>
      ACCOUNTS.includes(account as Account),
    );
    const unused = () => {
      const all = requests();
      return granted.filter((right) => !all.some(isUse(right)));
    };
    // Some are used by the minute. What is still missing after the longest wait is named below.
    await cluster()
      .until(async () => unused().length === 0, "every right to be used")
      .catch((error: Error) => t.diagnostic(error.message));
    assert.deepEqual(unused(), []);
    t.diagnostic(`${granted.length} rights`);
  });

  for (const { account, what, act } of forbiddenActs()) {
    test(`${account} cannot ${what}`, async () => {
      const connection = await connectedAs(cluster(), account);
      try {
        await assert.rejects(act(connection), (error: unknown) => {
          assert.ok(error instanceof KubeApiError, String(error));
          assert.equal(error.status, 403, error.message);
          return true;
        });
      } finally {
        await connection.close();
      }
    });
  }
}

interface ForbiddenAct {
  readonly account: Account;
  readonly what: string;
  readonly act: (connection: KubeConnection) => Promise<unknown>;
}

const MERGE = { type: "merge" } as const;
const shop = `/api/v1/namespaces/${APP_NAMESPACE}`;
const system = `/api/v1/namespaces/${SYSTEM_NAMESPACE}`;

function forbiddenActs(): readonly ForbiddenAct[] {
  const extender = "berth-scheduler-extender";
  const recommender = "berth-vpa-recommender";
  const proxy = "berth-proxy";
  const webhooks = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
  return [
    { account: extender, what: "read other Secrets", act: (api) => api.get(`${system}/secrets/another`) },
    { account: extender, what: "list Secrets", act: (api) => api.get(`${system}/secrets`) },
    {
      account: extender,
      what: "change other webhooks",
      act: (api) => api.patch(`${webhooks}/another`, {}, MERGE),
    },
    {
      account: extender,
      what: "resize pods",
      act: (api) => api.patch(`${system}/pods/any/resize`, {}, MERGE),
    },
    { account: extender, what: "delete pods", act: (api) => api.delete(`${shop}/pods/any`) },
    {
      account: extender,
      what: "bind pods",
      act: (api) => api.create(`${shop}/pods/any/binding`, { target: { kind: "Node", name: "local" } }),
    },
    { account: extender, what: "change nodes", act: (api) => api.patch("/api/v1/nodes/local", {}, MERGE) },
    {
      account: recommender,
      what: "resize pods outside Berth's namespace",
      act: (api) => api.patch(`${shop}/pods/any/resize`, {}, MERGE),
    },
    {
      account: recommender,
      what: "change apps' pods",
      act: (api) => api.patch(`${shop}/pods/any`, {}, MERGE),
    },
    { account: recommender, what: "delete pods", act: (api) => api.delete(`${system}/pods/any`) },
    {
      account: recommender,
      what: "evict pods",
      act: (api) => api.create(`${shop}/pods/any/eviction`, { metadata: { name: "any" } }),
    },
    {
      account: recommender,
      what: "change profiles",
      act: (api) =>
        api.patch(`/apis/berth.dev/v1alpha1/namespaces/${APP_NAMESPACE}/meshprofiles/any`, {}, MERGE),
    },
    { account: recommender, what: "read Secrets", act: (api) => api.get(`${system}/secrets`) },
    {
      account: recommender,
      what: "change the DaemonSet",
      act: (api) =>
        api.patch(`/apis/apps/v1/namespaces/${SYSTEM_NAMESPACE}/daemonsets/berth-proxy`, {}, MERGE),
    },
    { account: proxy, what: "change pods", act: (api) => api.patch(`${shop}/pods/any`, {}, MERGE) },
    { account: proxy, what: "list nodes", act: (api) => api.get("/api/v1/nodes") },
    { account: proxy, what: "read Secrets", act: (api) => api.get(`${shop}/secrets`) },
    {
      account: proxy,
      what: "change a profile's status",
      act: (api) =>
        api.patch(`/apis/berth.dev/v1alpha1/namespaces/${APP_NAMESPACE}/meshprofiles/any/status`, {}, MERGE),
    },
  ];
}

export async function connectedAs(
  { connection, controlPlane }: TestCluster,
  account: Account,
  userAgent = PROBE_AGENT,
): Promise<KubeConnection> {
  const { status } = (await connection.create(`${system}/serviceaccounts/${account}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: 600 },
  })) as { status: { token: string } };
  const { url: server, ca } = controlPlane;
  return new KubeConnection({ server, ca, token: status.token, userAgent });
}
