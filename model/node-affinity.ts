// Which nodes a pod asks for: nodeSelector and node affinity. Upstream: staging/src/k8s.io/component-helpers/scheduling/
// corev1/nodeaffinity/nodeaffinity.go and k8s.io/apimachinery/pkg/labels/selector.go. Selectors are compiled once per
// pod and then tried on many nodes.

import type { Labels } from "./app.ts";

export interface NodeSelectorRequirement {
  readonly key: string;
  /** In, NotIn, Exists, DoesNotExist, Gt or Lt; on fields In or NotIn. */
  readonly operator: string;
  readonly values?: readonly string[];
}

/** All requirements have to hold; a term without any matches no node. */
export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly NodeSelectorRequirement[];
  /** Of the node's fields only metadata.name is known. */
  readonly matchFields?: readonly NodeSelectorRequirement[];
}

export interface PreferredTerm {
  /** 1 to 100; a term of weight 0 is skipped. */
  readonly weight: number;
  readonly preference: NodeSelectorTerm;
}

interface SelectableNode {
  readonly name: string;
  readonly labels: Labels;
}

export type NodeMatcher = (node: SelectableNode) => boolean;

export interface NodeWishes {
  readonly nodeSelector?: Labels;
  readonly requiredTerms?: readonly NodeSelectorTerm[];
}

/** The pod's hard wishes as a test, or undefined if it has none. */
export function requiredMatcher({ nodeSelector, requiredTerms }: NodeWishes): NodeMatcher | undefined {
  const selected = Object.entries(nodeSelector ?? {});
  if (selected.length === 0 && requiredTerms === undefined) return undefined;
  const terms = requiredTerms?.map(compileTerm);
  return (node) =>
    selected.every(([key, value]) => node.labels[key] === value) &&
    (terms === undefined || terms.some((matches) => matches(node)));
}

/**
 * The nodes that the hard wishes name by metadata.name: kube-scheduler then looks at no others
 * (plugins/nodeaffinity PreFilter). Undefined if a term names none.
 */
export function namedNodes({ requiredTerms }: NodeWishes): ReadonlySet<string> | undefined {
  if (requiredTerms === undefined || requiredTerms.length === 0) return undefined;
  let names = new Set<string>();
  for (const { matchFields = [] } of requiredTerms) {
    let termNames: Set<string> | undefined;
    for (const { key, operator, values = [] } of matchFields) {
      if (key !== NAME_FIELD || operator !== "In") continue;
      const named = new Set(values);
      termNames = termNames === undefined ? named : termNames.intersection(named);
    }
    if (termNames === undefined) return undefined;
    names = names.union(termNames);
  }
  return names;
}

/** The sum of the weights of the preferred terms that match, or undefined if there are none. */
export function preferenceScorer(
  preferredTerms: readonly PreferredTerm[] | undefined,
): ((node: SelectableNode) => number) | undefined {
  if (preferredTerms === undefined) return undefined;
  const terms = preferredTerms
    .filter(({ weight }) => weight !== 0)
    .map(({ weight, preference }) => ({ weight, matches: compileTerm(preference) }));
  return (node) => {
    let sum = 0;
    for (const { weight, matches } of terms) if (matches(node)) sum += weight;
    return sum;
  };
}

const NAME_FIELD = "metadata.name";

const NEVER: NodeMatcher = () => false;

function compileTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): NodeMatcher {
  if (matchExpressions.length === 0 && matchFields.length === 0) return NEVER;
  const tests = [...matchExpressions.map(compileExpression), ...matchFields.map(compileField)];
  // Upstream drops a term that has any requirement it cannot parse.
  return tests.includes(NEVER) ? NEVER : (node) => tests.every((matches) => matches(node));
}

function compileExpression({ key, operator, values = [] }: NodeSelectorRequirement): NodeMatcher {
  const listed = new Set(values);
  switch (operator) {
    case "In":
      return listed.size === 0 ? NEVER : ({ labels }) => listed.has(labels[key] ?? MISSING);
    case "NotIn":
      return listed.size === 0 ? NEVER : ({ labels }) => !listed.has(labels[key] ?? MISSING);
    case "Exists":
      return values.length > 0 ? NEVER : ({ labels }) => labels[key] !== undefined;
    case "DoesNotExist":
      return values.length > 0 ? NEVER : ({ labels }) => labels[key] === undefined;
    case "Gt":
    case "Lt":
      return compileComparison(key, operator, values);
    default:
      return NEVER;
  }
}

// No label can have this value.
const MISSING = "\u0000";

function compileComparison(key: string, operator: "Gt" | "Lt", values: readonly string[]): NodeMatcher {
  const bound = values.length === 1 ? parseInt64(values[0]) : undefined;
  if (bound === undefined) return NEVER;
  return ({ labels }) => {
    const value = parseInt64(labels[key]);
    if (value === undefined) return false;
    return operator === "Gt" ? value > bound : value < bound;
  };
}

function compileField({ key, operator, values = [] }: NodeSelectorRequirement): NodeMatcher {
  if (values.length !== 1) return NEVER;
  const [wanted] = values;
  const fieldOf = ({ name }: SelectableNode) => (key === NAME_FIELD ? name : "");
  if (operator === "In") return (node) => fieldOf(node) === wanted;
  if (operator === "NotIn") return (node) => fieldOf(node) !== wanted;
  return NEVER;
}

const INTEGER = /^[+-]?\d{1,20}$/;
const INT64_MAX = 2n ** 63n - 1n;

function parseInt64(text: string | undefined): bigint | undefined {
  if (text === undefined || !INTEGER.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  return value > INT64_MAX || value < -INT64_MAX - 1n ? undefined : value;
}
