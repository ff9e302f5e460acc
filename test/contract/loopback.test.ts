import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { systemClock } from "#runtime/clock.ts";
import { contractSuite } from "./contract-suite.ts";

// Twenty times as fast, so that a watch of one second takes 50 ms.
const api = new LoopbackApi({ clock: systemClock(20) });

contractSuite({
  name: "the loopback API",
  connect: () => api.listen({ host: "127.0.0.1", port: 0 }),
  close: () => api.close(),
  // Versions this low belong to a history that it never had.
  forgetPast: async () => "1",
  custom: {
    groupVersion: "berth.dev/v1alpha1",
    resource: "meshprofiles",
    object: { apiVersion: "berth.dev/v1alpha1", kind: "MeshProfile", spec: {} },
    status: { ports: { inbound: 20_000, outbound: 20_001 } },
  },
});
