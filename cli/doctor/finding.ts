// What the doctor says: one finding a check, or several where several things are wrong.

/** `unknown`: the doctor may not look, or got no answer. */
export type Level = "ok" | "warning" | "fault" | "unknown";

export interface Finding {
  readonly level: Level;
  /** What was found. */
  readonly what: string;
  /** How to mend it; absent where nothing has to be. */
  readonly mend?: string;
}

export interface Check {
  /** What is looked at, in a word or two. */
  readonly name: string;
  readonly run: (reader: ClusterReader) => Promise<readonly Finding[]>;
}

/** What is there, or undefined for what is not. */
export interface ClusterReader {
  /** Where Berth is installed. */
  readonly namespace: string;
  readonly nowMs: number;
  /** One object or answer. @throws OperationError for everything but "not there". */
  get(path: string, query?: Readonly<Record<string, string>>): Promise<unknown>;
  /** An answer that is no JSON. @throws OperationError */
  text(path: string): Promise<string>;
  /** All of a collection, up to the doctor's limit. @throws OperationError, also where there is no such collection. */
  list(path: string, query?: Readonly<Record<string, string>>): Promise<readonly KubeObject[]>;
  /** What the API server says of a question that it keeps no record of, such as a SubjectAccessReview. */
  review(path: string, question: unknown): Promise<unknown>;
  /** What the API server would answer to this creation; nothing is created. */
  tryCreate(path: string, object: unknown): Promise<KubeObject>;
}

/** Of an object of the API, what any of them has. */
export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

export const ok = (what: string): Finding => ({ level: "ok", what });
export const warning = (what: string, mend: string): Finding => ({ level: "warning", what, mend });
export const fault = (what: string, mend: string): Finding => ({ level: "fault", what, mend });

export function nameOf({ metadata: { namespace = "", name } }: KubeObject): string {
  return `${namespace}/${name}`;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
}

export function conditionsOf({ status }: KubeObject): readonly Condition[] {
  return (status?.["conditions"] ?? []) as readonly Condition[];
}

/** Of a pod. */
export function isReady(pod: KubeObject): boolean {
  return conditionsOf(pod).some(({ type, status }) => type === "Ready" && status === "True");
}

/** The first few of many, and how many more there are. */
export function someOf(names: readonly string[]): string {
  const rest = names.length - NAMED_MAX;
  return names.slice(0, NAMED_MAX).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

const NAMED_MAX = 3;
