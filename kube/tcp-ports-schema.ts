// spec.tcpPorts of a MeshProfile: ports of plain TCP on the nodes that host the app.

import { z } from "zod";

/** Each is a listening socket on every node that hosts the app. */
const PORTS_MAX = 8;
/** Between the system's ports and those that are allocated to apps; NodePorts and the ephemeral range are above. */
const LISTEN_PORT_MIN = 1_024;
const LISTEN_PORT_MAX = 19_999;
const PORT_MAX = 65_535;

const port = z
  .strictObject({
    listenPort: z
      .int()
      .min(LISTEN_PORT_MIN)
      .max(LISTEN_PORT_MAX)
      .describe("On every node that hosts the app; no other app's, and none of the node's own."),
    podPort: z.int().min(1).max(PORT_MAX).describe("Of the app's pods."),
  })
  .describe("A port of the nodes, and where it leads.");

export const tcpPortsSchema = z
  .array(port)
  .max(PORTS_MAX)
  .superRefine((ports, context) => {
    for (const [index, { listenPort }] of ports.entries()) {
      if (ports.findIndex((other) => other.listenPort === listenPort) === index) continue;
      context.addIssue({ code: "custom", path: [index], message: `listenPort ${listenPort} is there twice` });
    }
  })
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["listenPort"] });
