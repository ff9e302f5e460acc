// Watches: order, resuming, selection, the initial state, and the ends a watch can come to.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MERGE_PATCH } from "./contract-api.ts";
import type { Api, ContractTarget } from "./contract-target.ts";
import { aBinding, aConfigMap, aPod, createNode } from "./samples.ts";

export function watchCases(api: Api, target: ContractTarget): void {
  describe("watches", () => {
    test("a watch resumes after the version it names and shows every change in order", async () => {
      const path = api().core("configmaps");
      const { body: list } = await api().get(path);
      await api().post(path, aConfigMap("w-order", { v: "1" }));
      await api().patch(`${path}/w-order`, MERGE_PATCH, { data: { v: "2" } });
      const watch = await api().watch(`${path}?watch=true&resourceVersion=${list.metadata.resourceVersion}`);
      await api().delete(`${path}/w-order`);
      const events = [await watch.next(), await watch.next(), await watch.next()];
      watch.close();
      assert.deepEqual(
        events.map(({ type, object }) => `${type} ${object.kind} ${object.data.v}`),
        ["ADDED ConfigMap 1", "MODIFIED ConfigMap 2", "DELETED ConfigMap 2"],
      );
      const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
      assert.deepEqual(
        versions,
        versions.toSorted((a, b) => a - b),
      );
      assert.equal(new Set(versions).size, 3);
    });

    test("a watch without a version starts with what is there", async () => {
      await api().post(api().core("configmaps"), aConfigMap("w-there"));
      const watch = await api().watch(
        `${api().core("configmaps")}?watch=true&fieldSelector=metadata.name%3Dw-there`,
      );
      assert.equal(await watch.nextChange(), "ADDED w-there");
      await api().delete(api().core("configmaps", "w-there"));
      assert.equal(await watch.nextChange(), "DELETED w-there");
      watch.close();
    });

    test("an object that enters or leaves the selection is shown as added or deleted", async () => {
      const path = api().core("configmaps");
      const { body: list } = await api().get(path);
      const since = list.metadata.resourceVersion;
      const watch = await api().watch(`${path}?watch=1&labelSelector=in%3Dyes&resourceVersion=${since}`);
      await api().post(path, aConfigMap("w-select"));
      await api().patch(`${path}/w-select`, MERGE_PATCH, { metadata: { labels: { in: "yes" } } });
      await api().patch(`${path}/w-select`, MERGE_PATCH, { data: { v: "2" } });
      await api().patch(`${path}/w-select`, MERGE_PATCH, { metadata: { labels: { in: "no" } } });
      await api().delete(`${path}/w-select`);
      await api().post(path, {
        ...aConfigMap("w-last"),
        metadata: { name: "w-last", labels: { in: "yes" } },
      });
      const seen: string[] = [];
      for (let i = 0; i < 4; i++) seen.push(await watch.nextChange());
      watch.close();
      assert.deepEqual(seen, ["ADDED w-select", "MODIFIED w-select", "DELETED w-select", "ADDED w-last"]);
    });

    test("a binding brings the pod into the watch of its node", async () => {
      const nodeName = await createNode(api(), "watched");
      const { body: list } = await api().get(api().core("pods"));
      const query = `watch=true&fieldSelector=spec.nodeName%3D${nodeName}&resourceVersion=${list.metadata.resourceVersion}`;
      const watch = await api().watch(`/api/v1/pods?${query}`);
      await api().post(api().core("pods"), aPod({ name: "w-bound" }));
      await api().post(`${api().core("pods", "w-bound")}/binding`, aBinding("w-bound", nodeName));
      assert.equal(await watch.nextChange(), "ADDED w-bound");
      watch.close();
    });

    test("a streamed list ends with a bookmark that says so", async () => {
      await api().post(api().core("configmaps"), aConfigMap("w-streamed"));
      const query =
        "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
      const watch = await api().watch(`${api().core("configmaps")}?${query}`);
      const names: string[] = [];
      let event = await watch.next();
      for (; event.type === "ADDED"; event = await watch.next()) names.push(event.object.metadata.name);
      watch.close();
      assert.ok(names.includes("w-streamed"));
      assert.equal(event.type, "BOOKMARK");
      assert.equal(event.object.kind, "ConfigMap");
      assert.equal(event.object.metadata.annotations["k8s.io/initial-events-end"], "true");
      assert.match(event.object.metadata.resourceVersion, /^\d+$/);
    });

    test("a watch ends after its time without an error", async () => {
      const { body: list } = await api().get(api().core("leases"));
      const version = list.metadata?.resourceVersion ?? "0";
      const path = api().group("coordination.k8s.io/v1", "leases");
      const watch = await api().watch(`${path}?watch=true&timeoutSeconds=1&resourceVersion=${version}`);
      assert.equal(watch.code, 200);
      let event = await watch.next();
      while (event !== undefined && event.type !== "ERROR") event = await watch.next();
      assert.equal(event, undefined);
    });

    test("a watch from a forgotten version is told to list anew", async () => {
      const version = await target.forgetPast();
      const watch = await api().watch(`${api().core("events")}?watch=true&resourceVersion=${version}`);
      assert.equal(watch.code, 200);
      const event = await watch.next();
      assert.equal(event.type, "ERROR");
      assert.equal(event.object.kind, "Status");
      assert.equal(event.object.code, 410);
      assert.equal(event.object.reason, "Expired");
      assert.equal(await watch.next(), undefined);
    });

    test("a version that is no number is refused", async () => {
      const { code } = await api().get(`${api().core("pods")}?resourceVersion=abc`);
      assert.equal(code, 400);
    });
  });
}
