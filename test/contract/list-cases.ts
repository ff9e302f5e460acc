// Lists: pages of one snapshot, label and field selectors.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Wire } from "./contract-api.ts";
import type { Api } from "./contract-target.ts";
import { aConfigMap, aPod } from "./samples.ts";

export function listCases(api: Api): void {
  const namesOf = (list: Wire): string[] => list.items.map((item: Wire) => item.metadata.name);
  const labelled = (name: string, labels: Readonly<Record<string, string>>): Wire => ({
    ...aConfigMap(name),
    metadata: { name, labels },
  });

  describe("lists", () => {
    test("the pages of a list come from one snapshot, whatever is created meanwhile", async () => {
      const path = api().core("configmaps");
      for (const n of [1, 2, 3, 4, 5]) await api().post(path, labelled(`page-${n}`, { paged: "yes" }));
      const first = await api().get(`${path}?labelSelector=paged&limit=2`);
      assert.equal(first.body.kind, "ConfigMapList");
      await api().post(path, labelled("page-0", { paged: "yes" }));
      await api().post(path, labelled("page-9", { paged: "yes" }));
      await api().delete(`${path}/page-5`);
      const names = namesOf(first.body);
      let next: Wire = first.body;
      while (next.metadata.continue) {
        const token = encodeURIComponent(next.metadata.continue);
        next = (await api().get(`${path}?labelSelector=paged&limit=2&continue=${token}`)).body;
        assert.equal(next.metadata.resourceVersion, first.body.metadata.resourceVersion);
        names.push(...namesOf(next));
      }
      assert.deepEqual(names, ["page-1", "page-2", "page-3", "page-4", "page-5"]);
    });

    test("label selectors compare, test for membership and for existence", async () => {
      const path = api().core("configmaps");
      await api().post(path, labelled("l-red", { color: "red", size: "1" }));
      await api().post(path, labelled("l-blue", { color: "blue", size: "2" }));
      await api().post(path, labelled("l-plain", { size: "3" }));
      const select = async (selector: string): Promise<string[]> =>
        namesOf((await api().get(`${path}?labelSelector=${encodeURIComponent(selector)}`)).body);
      assert.deepEqual(await select("color=red"), ["l-red"]);
      assert.deepEqual(await select("size,color!=red"), ["l-blue", "l-plain"]);
      assert.deepEqual(await select("color in (red, blue),size==2"), ["l-blue"]);
      assert.deepEqual(await select("size,color notin (red)"), ["l-blue", "l-plain"]);
      assert.deepEqual(await select("size,!color"), ["l-plain"]);
    });

    test("field selectors choose pods by node and phase, and events by what they are about", async () => {
      await api().post(api().core("pods"), aPod({ name: "f-one", spec: { nodeName: "f-node" } }));
      await api().post(api().core("pods"), aPod({ name: "f-two" }));
      const pods = api().core("pods");
      const onNode = await api().get(`${pods}?fieldSelector=spec.nodeName%3Df-node`);
      assert.deepEqual(namesOf(onNode.body), ["f-one"]);
      const unbound = await api().get(
        `${pods}?fieldSelector=spec.nodeName%3D,metadata.name%3Df-two,status.phase%3DPending`,
      );
      assert.deepEqual(namesOf(unbound.body), ["f-two"]);
      const involvedObject = { kind: "Pod", namespace: api().namespace, name: "f-one", apiVersion: "v1" };
      const event = { metadata: { generateName: "f-" }, involvedObject, reason: "Tested", type: "Normal" };
      const created = await api().post(api().core("events"), { apiVersion: "v1", kind: "Event", ...event });
      assert.equal(created.code, 201);
      const about = await api().get(`${api().core("events")}?fieldSelector=involvedObject.name%3Df-one`);
      assert.equal(about.body.items.length, 1);
    });

    test("selectors and tokens that mean nothing are refused", async () => {
      const path = api().core("pods");
      assert.equal((await api().get(`${path}?fieldSelector=spec.containers%3Dx`)).code, 400);
      assert.equal((await api().get(`${path}?labelSelector=a%20b`)).code, 400);
      assert.equal((await api().get(`${path}?limit=1&continue=nonsense`)).code, 400);
    });

    test("items of a list carry no kind of their own", async () => {
      await api().post(api().core("configmaps"), aConfigMap("kindless"));
      const { body } = await api().get(api().core("configmaps"));
      assert.equal(body.items[0].kind, undefined);
      assert.match(body.metadata.resourceVersion, /^\d+$/);
    });
  });
}
