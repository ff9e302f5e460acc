// Label selectors as objects hold them (apimachinery, LabelSelectorAsSelector), compiled once and tried on many pods.

import type { Labels } from "#model/app.ts";

export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly LabelExpression[];
}

interface LabelExpression {
  readonly key: string;
  /** In, NotIn, Exists or DoesNotExist. */
  readonly operator: string;
  readonly values?: readonly string[];
}

export interface CompiledSelector {
  matches(labels: Labels): boolean;
  /** Without any requirement: it matches every pod, and PodTopologySpread then counts none. */
  readonly isEmpty: boolean;
}

/** An absent selector matches nothing, an empty one everything. */
export function compileSelector(selector: LabelSelector | undefined): CompiledSelector {
  if (selector === undefined) return { matches: () => false, isEmpty: false };
  const wanted = Object.entries(selector.matchLabels ?? {});
  const expressions = (selector.matchExpressions ?? []).map(compileExpression);
  return {
    isEmpty: wanted.length === 0 && expressions.length === 0,
    matches: (labels) =>
      wanted.every(([key, value]) => labels[key] === value) && expressions.every((holds) => holds(labels)),
  };
}

function compileExpression({ key, operator, values = [] }: LabelExpression): (labels: Labels) => boolean {
  const listed = new Set(values);
  const isListed = (labels: Labels): boolean => {
    const value = labels[key];
    return value !== undefined && listed.has(value);
  };
  switch (operator) {
    case "In":
      return isListed;
    case "NotIn":
      return (labels) => !isListed(labels);
    case "Exists":
      return (labels) => labels[key] !== undefined;
    case "DoesNotExist":
      return (labels) => labels[key] === undefined;
    default:
      return () => false;
  }
}
