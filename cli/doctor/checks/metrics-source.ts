// Whether the recommender has something to learn from.

import { PROXY_LABEL } from "#model/app.ts";
import { POD_METRICS, resourcePath } from "#kube/resource-path.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { type Check, fault, ok, warning } from "../finding.ts";

const MEND =
  "install metrics-server, or give the recommender its history from Prometheus and let it ask the proxies (--proxy-usage-port)";

export const metricsSource: Check = {
  name: "usage",
  async run(reader) {
    try {
      // Not paged, and without a version.
      const list = (await reader.get(resourcePath(POD_METRICS), { labelSelector: PROXY_LABEL })) as
        | { readonly items?: readonly unknown[] }
        | undefined;
      if (list === undefined)
        return [fault("there is no metrics.k8s.io: proxies are sized by their profiles alone", MEND)];
      const { items = [] } = list;
      if (items.length > 0) return [ok(`metrics.k8s.io tells the usage of ${items.length} proxies`)];
      const mend = "it takes a minute or two after the start; then see metrics-server's log";
      return [warning("metrics.k8s.io tells no proxy's usage", mend)];
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return [
        fault(
          `metrics.k8s.io does not answer (${error.message}): proxies are sized by their profiles alone`,
          MEND,
        ),
      ];
    }
  },
};
