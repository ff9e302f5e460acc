// Pods of example apps: real containers on the node's bridge network, from Berth's own image.

import { readFileSync } from "node:fs";
import { NODE_PATH } from "#tools/image/image-content.ts";
import { SANDBOX_IMAGE } from "./node-configuration.ts";

export const SHOP = "shop";
export const BERTH_IMAGE = "berth:0.1.0";
const PROGRAM = readFileSync(new URL("./example-program.ts", import.meta.url), "utf8");
const APP_PORT = 8080;

export interface ExamplePodOptions {
  readonly name: string;
  /** Without a namespace. */
  readonly app: string;
  /** Default: the namespace whose pods are in the mesh. */
  readonly namespace?: string;
  readonly env?: readonly object[];
  /** Of the app, in the text of a module; the suite's own if absent. */
  readonly program?: string;
  /** Beside the app, started before it. */
  readonly sidecars?: readonly object[];
}

export function examplePod({
  name,
  app,
  namespace = SHOP,
  env = [],
  program = PROGRAM,
  sidecars = [],
}: ExamplePodOptions): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: { "berth.dev/app": app } },
    spec: {
      terminationGracePeriodSeconds: 10,
      containers: [
        ...sidecars,
        {
          name: "app",
          image: BERTH_IMAGE,
          command: [NODE_PATH, "--input-type=module-typescript", "--eval", program],
          env: [fieldEnv("POD_NAME", "metadata.name"), ...env],
          ports: [{ containerPort: APP_PORT }],
          resources: { requests: { cpu: "50m", memory: "64Mi" } },
        },
      ],
    },
  };
}

export function fieldEnv(name: string, fieldPath: string): object {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

export interface FillerOptions {
  readonly name: string;
  readonly cpuMilli?: number;
  readonly memoryBytes?: number;
}

/** A pod outside of the mesh that only takes room. */
export function fillerPod({ name, cpuMilli = 0, memoryBytes = 0 }: FillerOptions): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { filler: "yes" } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: "filler",
          image: SANDBOX_IMAGE,
          resources: { requests: { cpu: `${cpuMilli}m`, memory: String(memoryBytes) } },
        },
      ],
    },
  };
}
