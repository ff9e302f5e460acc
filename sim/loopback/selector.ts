// Label and field selectors as request parameters, and label selectors as they stand inside objects.
// Grammar: k8s.io/apimachinery/pkg/labels/selector.go and pkg/fields/selector.go.

import { badRequest } from "./api-error.ts";
import { listOf, objectOf, textOf, valueAt } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import type { KubeObject } from "./kube-object.ts";
import type { ResourceType } from "./resource-table.ts";

export type Predicate = (object: KubeObject) => boolean;

/**
 * Both selectors of a request as one predicate, or undefined if neither restricts anything.
 *
 * @throws ApiError BadRequest for what does not parse, and for fields that the resource cannot be selected by.
 */
export function parseSelectors(type: ResourceType, query: URLSearchParams): Predicate | undefined {
  const byLabels = parseLabelSelector(query.get("labelSelector") ?? "");
  const byFields = parseFieldSelector(type, query.get("fieldSelector") ?? "");
  if (byLabels.length === 0 && byFields.length === 0) return undefined;
  return (object) => {
    const labels = objectOf(object.metadata.labels);
    return byLabels.every((holds) => holds(labels)) && byFields.every((holds) => holds(object));
  };
}

export type LabelRequirement = (labels: JsonObject) => boolean;

/** The requirements of `a=b,c!=d,e in (x,y),f notin (z),g,!h,i>1`, all of which have to hold. */
export function parseLabelSelector(text: string): LabelRequirement[] {
  if (text.length > SELECTOR_LENGTH_MAX) throw badRequest("the selector is too long");
  return splitOutsideParentheses(text).map((term) => parseLabelTerm(term, text));
}

/** A LabelSelector object (matchLabels, matchExpressions); undefined and `{}` match everything. */
export function matchesLabelSelector(selector: Json | undefined, labels: JsonObject): boolean {
  const { matchLabels, matchExpressions } = objectOf(selector);
  for (const [key, value] of Object.entries(objectOf(matchLabels))) if (labels[key] !== value) return false;
  return listOf(matchExpressions).every((expression) => {
    const { key, operator, values } = objectOf(expression);
    const value = labels[textOf(key) ?? ""];
    if (operator === "Exists") return value !== undefined;
    if (operator === "DoesNotExist") return value === undefined;
    const isIn = value !== undefined && listOf(values).includes(value);
    return operator === "NotIn" ? !isIn : isIn;
  });
}

// The longest query string clients send is a request line; this is far above any selector in use.
const SELECTOR_LENGTH_MAX = 64 * 1024;

const SET_TERM = /^([^\s=!<>(),]+)\s+(in|notin)\s*\(([^()]*)\)$/;
const COMPARE_TERM = /^([^\s=!<>(),]+)\s*(==|=|!=|>|<)\s*([^\s=!<>(),]*)$/;
const EXISTS_TERM = /^(!?)\s*([^\s=!<>(),]+)$/;

function parseLabelTerm(term: string, whole: string): LabelRequirement {
  const set = SET_TERM.exec(term);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = new Set<Json | undefined>(list.split(",").map((value) => value.trim()));
    if (operator === "in") return (labels) => labels[key] !== undefined && values.has(labels[key]);
    return (labels) => labels[key] === undefined || !values.has(labels[key]);
  }
  const exists = EXISTS_TERM.exec(term);
  if (exists !== null) {
    const [, not = "", key = ""] = exists;
    return not === "" ? (labels) => labels[key] !== undefined : (labels) => labels[key] === undefined;
  }
  const [, key = "", operator, value = ""] = COMPARE_TERM.exec(term) ?? [];
  if (operator === undefined) throw badRequest(`unable to parse requirement: found '${term}' in '${whole}'`);
  if (operator === "!=") return (labels) => labels[key] !== value;
  if (operator === ">" || operator === "<") return parseComparison(key, operator, value);
  return (labels) => labels[key] === value;
}

function parseComparison(key: string, operator: ">" | "<", value: string): LabelRequirement {
  const bound = Number(value);
  if (value === "" || !Number.isInteger(bound)) {
    throw badRequest("unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer");
  }
  return (labels) => {
    const label = Number(textOf(labels[key]) ?? Number.NaN);
    return operator === ">" ? label > bound : label < bound;
  };
}

function splitOutsideParentheses(text: string): string[] {
  const terms: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    if (text[i] === "(") depth += 1;
    if (text[i] === ")") depth -= 1;
    if (i < text.length && (text[i] !== "," || depth > 0)) continue;
    const term = text.slice(start, i).trim();
    if (term !== "") terms.push(term);
    start = i + 1;
  }
  return terms;
}

const FIELD_TERM = /^([A-Za-z][\w.]*)(==|=|!=)(.*)$/;

function parseFieldSelector(type: ResourceType, text: string): Predicate[] {
  if (text.length > SELECTOR_LENGTH_MAX) throw badRequest("the selector is too long");
  return text
    .split(",")
    .filter((term) => term !== "")
    .map((term) => {
      const [, field = "", operator, value = ""] = FIELD_TERM.exec(term.trim()) ?? [];
      if (operator === undefined) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      const isKnown = ALWAYS_SELECTABLE.has(field) || type.selectableFields.includes(field);
      if (!isKnown) throw badRequest(`field label not supported: ${field}`);
      const path = field.split(".");
      const equals: Predicate = (object) => fieldText(valueAt(object, path), field) === value;
      return operator === "!=" ? (object) => !equals(object) : equals;
    });
}

const ALWAYS_SELECTABLE = new Set(["metadata.name", "metadata.namespace"]);
const BOOLEAN_FIELDS = new Set(["spec.unschedulable", "spec.hostNetwork"]);

// An absent text selects as "", an absent boolean as "false".
function fieldText(value: Json | undefined, field: string): string {
  if (value === undefined || value === null) return BOOLEAN_FIELDS.has(field) ? "false" : "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
