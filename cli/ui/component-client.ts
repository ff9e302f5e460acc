// The ways to Berth's parts for the UI, as the other commands go: by an address that was given, else through the API server
// to the leader. What is not reached is said with what to do about it.

import { isNotFound } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { ComponentAway, type ComponentInterface } from "#web/shell/components.ts";
import { askAt, askLeader, leaderPath, textAt } from "../ask-part.ts";
import type { LedPart } from "../part-ports.ts";

export interface ComponentPlace {
  readonly connection: KubeConnection;
  readonly namespace: string;
  /** Of its health and metrics; undefined: through the API server. */
  readonly url: string | undefined;
}

export function componentClient(
  part: LedPart,
  { connection, namespace, url }: ComponentPlace,
): ComponentInterface {
  const { name } = part;
  return {
    name,
    get: (path, query = {}) =>
      asked(name, () =>
        url === undefined
          ? askLeader(connection, { part, namespace, path, query })
          : askAt(url, { part, path, query }),
      ),
    async probe() {
      const path = "/readyz";
      await asked(name, async () =>
        url === undefined
          ? connection.getText(await leaderPath(connection, { part, namespace, path }))
          : textAt(url, { part, path }),
      );
    },
  };
}

// A refusal is the part's own word and passes; anything else means that it is not reached.
async function asked<T>(name: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof OperationError) && !(error instanceof UsageError)) throw error;
    const isRefusal = isNotFound(error) || (error instanceof OperationError && error.code === "PartRefused");
    if (isRefusal) throw new OperationError("ComponentRefused", error.message, { cause: error });
    const mend = `Check that the ${name} runs and is ready; \`berth doctor\` looks at all that it needs.`;
    throw new ComponentAway(`The ${name} is not reached: ${error.message}.`, mend, { cause: error });
  }
}
