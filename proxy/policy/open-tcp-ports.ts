// Which of an app's ports of plain TCP are open. Nobody shows an identity there, so they are for apps that let in whoever
// shows none.

import { ANYBODY } from "#model/callers.ts";
import type { CallerRules } from "#model/callers.ts";
import type { TcpPort } from "#model/mesh-profile.ts";

export interface TcpAccess {
  readonly tcpPorts?: readonly TcpPort[];
  readonly callers?: CallerRules;
}

/** @param settings undefined for an app without a profile. */
export function openTcpPorts({ tcpPorts = [], callers = ANYBODY }: TcpAccess = {}): readonly TcpPort[] {
  return callers.withoutIdentity === "allow" && callers.allowed === undefined ? tcpPorts : [];
}
