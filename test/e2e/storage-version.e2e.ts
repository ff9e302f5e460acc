// A custom resource's second version, once and whole: served beside the first, made the stored one, every object written
// anew by the command of docs/guides/upgrade.md while the first version's readers and writers go on, and the first taken
// away at last. The schemas of both are one, as they have to be where nothing converts.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { parse } from "yaml";
import type { MeshProfile } from "#model/mesh-profile.ts";
import { KubeApiError } from "#kube/api-error.ts";
import { KubeConnection } from "#kube/connection.ts";
import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { Reflector } from "#kube/reflector.ts";
import { MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { kubectl } from "./kubectl.ts";
import { serveMeshProfiles } from "./serve-mesh-profiles.ts";
import { toolBinaries } from "./tool-binaries.ts";

const tools = await toolBinaries((line) => void process.stderr.write(`${line}\n`));
const GUIDE = new URL("../../docs/guides/upgrade.md", import.meta.url);
const CRD = new URL("../../manifests/crds/berth.dev_meshprofiles.yaml", import.meta.url);
const NAME = "meshprofiles.berth.dev";
const OLD = MESH_PROFILES.version;
const NEW = "v1beta1";
const PROFILES = 300;
const WAIT_MS_MAX = 120_000;

let controlPlane: ControlPlane;
let connection: KubeConnection;

before(async () => {
  controlPlane = await startControlPlane(tools);
  const { url: server, token, ca } = controlPlane;
  connection = new KubeConnection({ server, token, ca });
  await serveMeshProfiles(connection);
});

after(async () => {
  await connection.close();
  await controlPlane.stop();
});

test("a second version becomes the stored one, with every object written anew and nothing lost", async (t) => {
  for (let count = 0; count < PROFILES; count++) await createProfile(count);
  const seen = watched();
  await seen.whenSynced();
  const before = contents(await listed(OLD));

  await apply([version(OLD, { storage: false }), version(NEW, { storage: true })]);
  assert.deepEqual(await storedVersions(), [OLD, NEW]);
  await until(async () => (await isServed(OLD)) && (await isServed(NEW)), `${NEW} to be served`);
  assert.deepEqual(await storedAs(), { [OLD]: PROFILES });
  await assert.rejects(apply([version(NEW, { storage: true })]), /missing from spec.versions/);

  const writing = writeStatuses();
  const startedMs = performance.now();
  const { conflicts } = await migrate();
  await writing.stop();
  t.diagnostic(
    `${PROFILES} objects written anew in ${((performance.now() - startedMs) / 1000).toFixed(1)} s, ` +
      `${writing.count()} writes by ${OLD} meanwhile, ${conflicts} conflicts`,
  );
  assert.deepEqual(await storedAs(), { [NEW]: PROFILES });
  assert.deepEqual(await storedVersions(), [NEW]);
  assert.deepEqual(contents(await listed(OLD)), before);
  assert.equal([...seen.values()].length, PROFILES);
  assert.equal(seen.decodeFailures, 0);
  await seen.stop();

  await apply([version(NEW, { storage: true })]);
  await until(async () => !(await isServed(OLD)) && (await isServed(NEW)), `${OLD} to be gone`);
  assert.deepEqual(contents(await listed(NEW)), before);
});

interface Version {
  readonly name: string;
  readonly storage: boolean;
}

const definition = parse(readFileSync(CRD, "utf8")) as {
  readonly spec: { readonly versions: readonly [Version] };
};

function version(name: string, { storage }: { readonly storage: boolean }): Version {
  return { ...definition.spec.versions[0], name, storage };
}

async function apply(versions: readonly Version[]): Promise<void> {
  const file = join(controlPlane.files.folder, "definition.json");
  writeFileSync(file, JSON.stringify({ ...definition, spec: { ...definition.spec, versions } }));
  await asAdmin("apply", "--server-side", "--force-conflicts", "-f", file);
}

function asAdmin(...args: readonly string[]): Promise<string> {
  return kubectl(tools.kubectl, controlPlane.kubeconfigOf("admin"), args);
}

async function createProfile(count: number): Promise<void> {
  const [name, namespace] = [`app-${count}`, "default"];
  await connection.create(resourcePath({ ...MESH_PROFILES, namespace }), {
    apiVersion: `berth.dev/${OLD}`,
    kind: "MeshProfile",
    metadata: { name, namespace, labels: { team: `team-${count % 7}` } },
    spec: { quota: { connections: count + 1 }, cost: { base: { memory: `${100 + count}Mi` } } },
  });
  const path = resourcePath({ ...MESH_PROFILES, namespace, name, subresource: "status" });
  const ports = { inbound: 20_000 + 2 * count, outbound: 20_001 + 2 * count };
  await connection.patch(path, { status: { ports } }, { type: "merge" });
}

/** As production's components watch profiles: by the first version, through all of it. */
function watched(): Reflector<MeshProfile> {
  const reflector = new Reflector<MeshProfile>({
    connection,
    path: resourcePath(MESH_PROFILES),
    decode: decodeMeshProfile,
    handlers: { upserted: () => undefined, deleted: () => undefined },
    clock: systemClock(),
    random: Math.random,
    logger: silentLogger,
    name: "profiles",
  });
  reflector.start();
  return reflector;
}

interface Profile {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly labels: object;
  };
  readonly spec: object;
  readonly status: { readonly ports: object };
}

async function listed(name: string): Promise<readonly Profile[]> {
  const path = resourcePath({ ...MESH_PROFILES, version: name });
  return ((await connection.get(path)) as { readonly items: readonly Profile[] }).items;
}

/** All but the conditions, which are written meanwhile. A new generation would be a release. */
function contents(profiles: readonly Profile[]): readonly object[] {
  return profiles.map(({ metadata: { name, uid, generation, labels }, spec, status: { ports } }) => {
    return { name, uid, generation, labels, spec, ports };
  });
}

async function storedVersions(): Promise<readonly string[]> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${NAME}`;
  const { status } = (await connection.get(path)) as { status: { storedVersions: readonly string[] } };
  return status.storedVersions;
}

/** How many objects etcd has in which version. */
async function storedAs(): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const value of await controlPlane.stored("/registry/berth.dev/meshprofiles")) {
    const { apiVersion } = JSON.parse(value) as { readonly apiVersion: string };
    const name = apiVersion.split("/")[1] ?? "";
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

async function isServed(name: string): Promise<boolean> {
  try {
    await listed(name);
    return true;
  } catch (error) {
    // Not found, or for a moment its storage is being made ready.
    if (error instanceof KubeApiError) return false;
    throw error;
  }
}

/** Somebody of the first version's, who writes one status after the other. */
function writeStatuses(): { stop(): Promise<void>; count(): number } {
  const stopping = new AbortController();
  let written = 0;
  const writing = (async () => {
    for (; !stopping.signal.aborted; written++) {
      const name = `app-${(written * 37) % PROFILES}`;
      const path = resourcePath({ ...MESH_PROFILES, namespace: "default", name, subresource: "status" });
      const time = new Date().toISOString().replace(/\.\d+/, "");
      const told = { type: "Told", status: "True", reason: "Told", message: "", lastTransitionTime: time };
      await connection.patch(path, { status: { conditions: [told] } }, { type: "merge" });
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await writing;
    },
    count: () => written,
  };
}

/** The guide's own commands; what somebody else wrote meanwhile is a conflict, and in the new version already. */
async function migrate(): Promise<{ readonly conflicts: number }> {
  const guide = readFileSync(GUIDE, "utf8");
  const [, block] = /<!-- storage-migration -->\n *```sh\n(.*?)```/s.exec(guide) ?? [];
  assert.ok(block !== undefined, "the guide has the block");
  const { folder } = controlPlane.files;
  const env = {
    ...process.env,
    KUBECONFIG: controlPlane.kubeconfigOf("admin"),
    PATH: `${join(tools.kubectl, "..")}:${process.env["PATH"]}`,
  };
  const child = spawn("bash", ["-c", block], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  child.stderr.on("data", (chunk) => (words += String(chunk)));
  const code = await new Promise((resolve) => child.once("close", resolve));
  const lines = words.split("\n").filter((line) => line !== "");
  const conflicts = lines.filter((line) => line.includes("the object has been modified"));
  assert.deepEqual(
    lines.filter((line) => !conflicts.includes(line)),
    [],
  );
  assert.equal(code, 0);
  return { conflicts: conflicts.length };
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = Date.now() + WAIT_MS_MAX;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error(`waited too long for ${what}`);
    await setTimeout(100);
  }
}
