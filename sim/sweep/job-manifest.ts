// A sweep as a Kubernetes Job: an Indexed Job whose pods each run their part of the tasks and leave the results on a
// volume they share. A pod that is made again finds what its predecessor finished.

import { basename } from "node:path";
import { stringify } from "yaml";
import { UsageError } from "#runtime/usage-error.ts";
import { readScenarioFile, scenarioFileText } from "../scenario/scenario-file.ts";
import { fileNames } from "../scenario/scenario-inputs.ts";

export interface JobOptions {
  /** Path of the scenario file. */
  readonly scenario: string;
  readonly name: string;
  readonly image: string;
  readonly completions: number;
  readonly parallelism?: number | undefined;
  readonly claim?: string | undefined;
  readonly hostPath?: string | undefined;
  readonly cpu: string;
  readonly memory: string;
}

/** Where the volume is in the pods. */
const VOLUME = "/sweep";
const SCENARIO_FOLDER = "/scenario";
/** An object of the API takes 1 MiB, names and all. */
const SCENARIO_BYTES_MAX = 900 * 1024;

/**
 * A ConfigMap with the scenario and a Job, as YAML for `kubectl apply -f -`.
 *
 * @throws UsageError for a scenario that is wrong, too large for a ConfigMap, or names files that the pods do not have.
 */
export function jobManifest(options: JobOptions): string {
  const text = scenarioFileText(options.scenario);
  if (Buffer.byteLength(text) > SCENARIO_BYTES_MAX) {
    throw new UsageError(
      `${options.scenario}: has more than ${SCENARIO_BYTES_MAX} bytes, too many for a ConfigMap`,
    );
  }
  const { scenario } = readScenarioFile(options.scenario);
  const away = fileNames(scenario).find((file) => !file.startsWith(`${VOLUME}/`));
  if (away !== undefined) {
    throw new UsageError(
      `${options.scenario}: ${away} is on this machine; copy it to the volume and name it as the pods see it, ${VOLUME}/${basename(away)}`,
    );
  }
  const file = basename(options.scenario);
  return [configMap(options, { file, text }), job(options, file)]
    .map((object) => stringify(object, { blockQuote: "literal" }))
    .join("---\n");
}

const LABELS = { "app.kubernetes.io/part-of": "berth", "app.kubernetes.io/component": "sweep" };

function configMap(
  { name }: JobOptions,
  { file, text }: { readonly file: string; readonly text: string },
): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: LABELS }, data: { [file]: text } };
}

function job(options: JobOptions, file: string): object {
  const { name, image, completions, parallelism = completions, claim, hostPath, cpu, memory } = options;
  const volume =
    claim === undefined
      ? { hostPath: { path: hostPath, type: "DirectoryOrCreate" } }
      : { persistentVolumeClaim: { claimName: claim } };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, labels: LABELS },
    spec: {
      completionMode: "Indexed",
      completions,
      parallelism,
      // Of one part; the others go on.
      backoffLimitPerIndex: 3,
      template: {
        metadata: { labels: LABELS },
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            runAsGroup: 65532,
            fsGroup: 65532,
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [
            {
              name: "sweep",
              image,
              args: [
                "sweep",
                `--scenario=${SCENARIO_FOLDER}/${file}`,
                `--out=${VOLUME}/results`,
                `--completions=${completions}`,
              ],
              resources: { requests: { cpu, memory }, limits: { memory } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              volumeMounts: [
                { name: "scenario", mountPath: SCENARIO_FOLDER, readOnly: true },
                { name: "sweep", mountPath: VOLUME },
              ],
            },
          ],
          volumes: [
            { name: "scenario", configMap: { name } },
            { name: "sweep", ...volume },
          ],
        },
      },
    },
  };
}
