// What kube-apiserver refuses of an EndpointSlice, as far as a writer can get it wrong (pkg/apis/discovery/validation):
// the number of endpoints, and addresses that are not of the slice's family. Loopback addresses, which it refuses, too,
// are let through: they are the only ones that nodes have here.

import { isIP } from "node:net";
import { invalid, type StatusCause } from "./api-error.ts";
import { listOf, objectOf, textOf } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { RESOURCE_TYPES } from "./resource-table.ts";

const ENDPOINTS_MAX = 1_000;
const FAMILIES: Readonly<Record<string, number>> = { IPv4: 4, IPv6: 6 };

/** @throws ApiError Invalid */
export function checkEndpointSlice(slice: JsonObject, live?: JsonObject): void {
  const causes = [...causesOf(slice)];
  const family = textOf(slice["addressType"]);
  if (live !== undefined && live["addressType"] !== family) {
    causes.push(cause("addressType", "field is immutable"));
  }
  const name = textOf(objectOf(slice["metadata"])["name"]) ?? "";
  if (causes.length > 0) throw invalid(RESOURCE_TYPES.endpointslices, name, causes);
}

function* causesOf(slice: JsonObject): Iterable<StatusCause> {
  const family = textOf(slice["addressType"]) ?? "";
  const endpoints = listOf(slice["endpoints"]);
  if (endpoints.length > ENDPOINTS_MAX) {
    const message = `Too many: ${endpoints.length}: must have at most ${ENDPOINTS_MAX} items`;
    return yield { reason: "FieldValueTooMany", message, field: "endpoints" };
  }
  for (const [index, endpoint] of endpoints.entries()) {
    const addresses = listOf(objectOf(endpoint)["addresses"]);
    const field = `endpoints[${index}].addresses`;
    if (addresses.length === 0) yield cause(field, "must contain at least 1 address");
    for (const address of addresses) {
      const version = FAMILIES[family];
      if (version !== undefined && isIP(textOf(address) ?? "") !== version) {
        yield cause(field, `${JSON.stringify(address)}: must be an ${family} address`);
      }
    }
  }
}

function cause(field: string, message: string): StatusCause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${message}`, field };
}
