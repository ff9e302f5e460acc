// The peer made of Fastify: @fastify/http-proxy with its defaults, in a process of its own.

import httpProxy from "@fastify/http-proxy";
import { fastify } from "fastify";

const server = fastify();
await server.register(httpProxy, { upstream: `http://127.0.0.1:${process.argv[2]}` });
await server.listen({ host: "127.0.0.1", port: Number(process.argv[3]) });
process.send?.("ready");
process.on("disconnect", () => process.exit());
