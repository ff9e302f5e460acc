// Where an app listens in its own pods: the port that its node's proxy sends requests to.

import type { Labels } from "./app.ts";

/** Where the app listens, if it is not the first TCP port that the pod declares. */
const APP_PORT_ANNOTATION = "berth.dev/app-port";

export interface AppPort {
  readonly port: number;
  /** As the container names it, if it does; a Service may refer to it by that. */
  readonly name: string | undefined;
}

export interface DeclaredPorts {
  readonly ports?: readonly DeclaredPort[] | null;
}

export interface DeclaredPort {
  readonly name?: string;
  readonly containerPort?: number;
  readonly protocol?: string;
}

const PORT_MAX = 65_535;

/** @returns undefined where neither annotation nor container says a port: the pod takes no requests from the mesh. */
export function appPort(
  annotations: Labels | undefined,
  containers: readonly DeclaredPorts[] = [],
): AppPort | undefined {
  const declared = containers.flatMap(({ ports }) => ports ?? []).filter(isTcp);
  const annotation = annotations?.[APP_PORT_ANNOTATION];
  if (annotation === undefined) {
    const [first] = declared;
    return first === undefined ? undefined : { port: first.containerPort, name: first.name };
  }
  const port = Number(annotation);
  // A wrong annotation is no reason to guess another port: the app gets no inbound traffic, which is noticed.
  if (!Number.isInteger(port) || port < 1 || port > PORT_MAX) return undefined;
  return { port, name: declared.find(({ containerPort }) => containerPort === port)?.name };
}

function isTcp(port: DeclaredPort): port is DeclaredPort & { readonly containerPort: number } {
  return (port.protocol ?? "TCP") === "TCP" && port.containerPort !== undefined;
}
