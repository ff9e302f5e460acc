// Whether each component may do what it has to, as the API server's authorizers see it now.

import { Limiter } from "#runtime/limiter.ts";
import { type Check, type ClusterReader, type Finding, fault, ok } from "../finding.ts";
import { NEEDED_RIGHTS, type NeededRight } from "../needed-rights.ts";

const REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
const REVIEWS_AT_ONCE_MAX = 8;

export const rights: Check = {
  name: "rights",
  async run(reader) {
    const limiter = new Limiter(REVIEWS_AT_ONCE_MAX);
    const asked = Object.entries(NEEDED_RIGHTS).flatMap(([account, needed]) =>
      needed.flatMap((right) => right.verbs.map((verb) => ({ account, verb, right }))),
    );
    const answers = await Promise.all(asked.map((one) => limiter.run(() => isAllowed(reader, one))));
    const refused = Map.groupBy(
      asked.filter((_, index) => answers[index] !== true),
      ({ account }) => account,
    );
    const findings = [...refused].map(([account, missing]): Finding => {
      const what = missing.map(({ verb, right }) => `${verb} ${right.resource}`).join(", ");
      const file = `${account.replace("berth-", "")}-rbac.yaml`;
      return fault(`${account} may not ${what}`, `kubectl apply -k manifests/base (${file})`);
    });
    return findings.length > 0 ? findings : [ok(`${asked.length}, all granted`)];
  },
};

async function isAllowed(
  reader: ClusterReader,
  { account, verb, right }: { readonly account: string; readonly verb: string; readonly right: NeededRight },
): Promise<boolean> {
  const [resource, subresource] = right.resource.split("/");
  const review = await reader.review(REVIEWS, {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: `system:serviceaccount:${reader.namespace}:${account}`,
      groups: [
        "system:serviceaccounts",
        `system:serviceaccounts:${reader.namespace}`,
        "system:authenticated",
      ],
      resourceAttributes: {
        verb,
        group: right.group,
        resource,
        ...(subresource === undefined ? {} : { subresource }),
        ...(right.isLocal === true ? { namespace: reader.namespace } : {}),
      },
    },
  });
  return (review as { readonly status?: { readonly allowed?: boolean } }).status?.allowed === true;
}
