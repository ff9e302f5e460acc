// The Service of shop/cart: port 80 to the app's 8080, selecting by the app's label, unless said otherwise.

import { APP_LABEL } from "#model/app.ts";
import type { ServiceView } from "#model/service-view.ts";

export function aService(overrides: Partial<ServiceView> = {}): ServiceView {
  const { name = "cart", namespace = "shop" } = overrides;
  return {
    uid: `uid-of-service-${name}`,
    namespace,
    name,
    selector: { [APP_LABEL]: name },
    ports: [{ port: 80, target: 8080 }],
    clusterIps: ["10.96.0.1"],
    hasOwnRouting: false,
    ...overrides,
  };
}
