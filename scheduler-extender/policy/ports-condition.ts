// What a MeshProfile's status says of its app's ports, as a condition: constant reasons, and a message that names the
// ports or says what to do.

import type { AppPorts } from "#model/mesh-profile.ts";
import type { PortRange } from "./ports.ts";

export interface PortsCondition {
  readonly status: "True" | "False";
  readonly reason: "Allocated" | "RangeExhausted";
  readonly message: string;
}

/** `ports` undefined: none were free in the range. */
export function portsCondition(ports: AppPorts | undefined, range: PortRange): PortsCondition {
  if (ports !== undefined) {
    const message = `inbound ${ports.inbound}, outbound ${ports.outbound} on every node`;
    return { status: "True", reason: "Allocated", message };
  }
  return {
    status: "False",
    reason: "RangeExhausted",
    message:
      `every pair of ports from ${range.first} to ${range.last} belongs to an app, so new pods start without the mesh: ` +
      "delete profiles that are not needed any more, or start the extender with a higher --port-range-last",
  };
}
