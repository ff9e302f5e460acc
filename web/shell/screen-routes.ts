// GET /api/stream/SCREEN: the screen and the overview, live. GET /api/screens/SCREEN: the same, once.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { OperationError } from "#runtime/operation-error.ts";
import { OVERVIEW } from "../policy/wire.ts";
import type { ScreenContext, ScreenSource } from "./screen-source.ts";
import type { StreamHub, Subject } from "./stream-hub.ts";

export interface ScreenRoutesOptions {
  readonly context: ScreenContext;
  readonly screens: readonly ScreenSource[];
  readonly overview: ScreenSource;
  readonly hub: StreamHub;
}

type Request = FastifyRequest<{ Params: { screen: string } }>;

export async function screenRoutes(server: FastifyInstance, options: ScreenRoutesOptions): Promise<void> {
  const { context, screens, overview, hub } = options;
  const byName = new Map(screens.map((screen) => [screen.name, screen]));
  const overviewSubject: Subject = {
    event: "overview",
    key: OVERVIEW,
    open: () => overview.open(context, {}),
    everyMs: overview.everyMs,
  };

  server.get("/api/stream/:screen", async (request: Request, reply) => {
    const subject = subjectOf(request, reply);
    if (subject === undefined) return reply;
    if (hub.isFull)
      return reply.code(503).send({ error: "as many tabs look on as may; close some, or try again later" });
    reply.hijack();
    hub.add(reply.raw, [overviewSubject, subject]);
    return reply;
  });

  server.get("/api/screens/:screen", async (request: Request, reply) => {
    const subject = request.params.screen === OVERVIEW ? overviewSubject : subjectOf(request, reply);
    if (subject === undefined) return reply;
    const screen = subject.open();
    try {
      return await screen.view();
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return await reply.code(503).send({ error: error.message });
    } finally {
      screen.close?.();
    }
  });

  // Undefined: answered already.
  function subjectOf(request: Request, reply: FastifyReply): Subject | undefined {
    const screen = byName.get(request.params.screen);
    if (screen === undefined) {
      void reply.code(404).send({ error: `there is no screen ${request.params.screen}` });
      return undefined;
    }
    const parsed = screen.params.safeParse(request.query);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      void reply.code(400).send({ error: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong"}` });
      return undefined;
    }
    const { name, everyMs } = screen;
    const params = Object.entries(parsed.data).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return {
      event: "screen",
      key: `${name}?${JSON.stringify(params)}`,
      open: () => screen.open(context, parsed.data),
      everyMs,
    };
  }
}
