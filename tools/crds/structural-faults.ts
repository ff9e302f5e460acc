// What keeps a schema from being structural, as an API server judges it when a CustomResourceDefinition is applied
// (k8s.io/apiextensions-apiserver/pkg/apiserver/schema), narrowed to the parts that the schemas here are made of.

const TYPES = new Set(["object", "array", "string", "integer", "number", "boolean"]);

// Whatever is not here is refused: $ref, definitions, additionalProperties, the combinators that would carry types …
const KEYWORDS = new Set([
  "type",
  "format",
  "description",
  "properties",
  "required",
  "items",
  "minimum",
  "exclusiveMinimum",
  "maximum",
  "pattern",
  "minLength",
  "maxLength",
  "maxItems",
  "enum",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-validations",
]);

/** One sentence for each fault below `path`, with the path of where it stands. */
export function structuralFaults(schema: unknown, path = "schema"): readonly string[] {
  if (typeof schema !== "object" || schema === null) return [`${path} is no schema.`];
  const { type, description, properties, required, items, maxItems, maxLength, ...rest } = schema as Fields;
  const names = Object.keys(record(properties));
  const missing = (Array.isArray(required) ? required : []).filter((name) => !names.includes(String(name)));
  const hasRules = rest["x-kubernetes-validations"] !== undefined;
  return [
    ...Object.keys(schema)
      .filter((keyword) => !KEYWORDS.has(keyword))
      .map((keyword) => `${path} has ${keyword}.`),
    ...when(!TYPES.has(String(type)), `${path} has no type.`),
    // The API server writes the description of metadata itself.
    ...when(!path.endsWith(".metadata") && !description, `${path} has no description.`),
    ...when(properties !== undefined && type !== "object", `${path} has properties and is no object.`),
    ...when((items !== undefined) !== (type === "array"), `${path} has items or is an array, not both.`),
    ...when(type === "array" && maxItems === undefined, `${path} has no maxItems.`),
    ...keyFaults(schema as Fields).map((fault) => `${path} ${fault}`),
    // The API server reckons a rule's cost from the longest value it may see.
    ...when(hasRules && type === "string" && maxLength === undefined, `${path} has a rule and no maxLength.`),
    ...when(
      typeof rest["exclusiveMinimum"] === "number",
      `${path} has an exclusiveMinimum that is a number.`,
    ),
    ...missing.map((name) => `${path} requires ${String(name)}, which it does not define.`),
    ...names.flatMap((name) => structuralFaults(record(properties)[name], `${path}.${name}`)),
    ...(items === undefined ? [] : structuralFaults(items, `${path}[]`)),
  ];
}

// What tells a map's items apart must stand in every item.
function keyFaults({ items, ...schema }: Fields): readonly string[] {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map") return when(keys !== undefined, "has keys and is no map.");
  const { required } = record(items);
  const everywhere = Array.isArray(required) ? required : [];
  if (!Array.isArray(keys) || keys.length === 0) return ["is a map without keys."];
  return keys
    .filter((key) => !everywhere.includes(key))
    .map((key) => `has items without their key ${String(key)}.`);
}

type Fields = Readonly<Record<string, unknown>>;

function record(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function when(isFault: boolean, sentence: string): readonly string[] {
  return isFault ? [sentence] : [];
}
