import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_SUCCESSION } from "../policy/succession.ts";
import { until } from "../testing/host-bed.ts";
import type { ClusterListener, ClusterSource } from "./cluster-source.ts";
import { LateCluster } from "./late-cluster.ts";

class PlayedSource implements ClusterSource {
  readonly isSynced = true;
  readonly refusedConfigurations = 3;
  readonly succession = NO_SUCCESSION;
  readonly listeners: ClusterListener[] = [];

  start(listener: ClusterListener): void {
    this.listeners.push(listener);
  }

  async stop(): Promise<void> {
    this.listeners.length = 0;
  }
}

const LISTENER = {} as ClusterListener;
const never = (error: unknown): void => assert.fail(String(error));

test("a cluster is listened to once it is there, and is not synced until then", async () => {
  const source = new PlayedSource();
  const { promise, resolve } = Promise.withResolvers<ClusterSource>();
  const cluster = new LateCluster(() => promise, never);
  cluster.start(LISTENER);
  assert.deepEqual([cluster.isSynced, cluster.refusedConfigurations], [false, 0]);
  resolve(source);
  await until(() => source.listeners.length === 1);
  assert.deepEqual([cluster.isSynced, cluster.refusedConfigurations], [true, 3]);
  await cluster.stop();
  assert.equal(source.listeners.length, 0);
});

test("a cluster that comes after the end is not listened to", async () => {
  const source = new PlayedSource();
  const { promise, resolve } = Promise.withResolvers<ClusterSource>();
  let isAsked = false;
  const load = async (): Promise<ClusterSource> => {
    isAsked = true;
    return promise;
  };
  const cluster = new LateCluster(load, never);
  cluster.start(LISTENER);
  await until(() => isAsked);
  await cluster.stop();
  resolve(source);
  await promise;
  assert.equal(source.listeners.length, 0);
});

test("a cluster that cannot be had is told to whoever can end it", async () => {
  const errors: unknown[] = [];
  const cluster = new LateCluster(
    () => Promise.reject(new Error("no token")),
    (error) => errors.push(error),
  );
  cluster.start(LISTENER);
  await until(() => errors.length === 1);
});
