// GET of the page and of what it loads.

import type { FastifyInstance } from "fastify";
import type { Assets, Encoding } from "./assets.ts";

const YEAR_SECONDS = 31_536_000;

export async function assetRoutes(
  server: FastifyInstance,
  { assets }: { readonly assets: Assets },
): Promise<void> {
  for (const path of assets.paths) {
    server.get(`/${path}`, async (request, reply) => {
      const asset = assets.get(path);
      if (asset === undefined) return reply.code(404).send();
      const { contentType, etag, isImmutable } = asset;
      void reply
        .header("Cache-Control", isImmutable ? `public, max-age=${YEAR_SECONDS}, immutable` : "no-cache")
        .header("ETag", etag)
        .header("Vary", "Accept-Encoding");
      if (request.headers["if-none-match"] === etag) return reply.code(304).send();
      const encoding = encodingFor(request.headers["accept-encoding"]);
      if (encoding !== "identity") void reply.header("Content-Encoding", encoding);
      return reply.type(contentType).send(assets.encoded(path, encoding));
    });
  }
}

function encodingFor(accepted: string | string[] | undefined): Encoding {
  const names = new Set(
    String(accepted ?? "")
      .split(",")
      .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
      .map((part) => part.split(";")[0]?.trim()),
  );
  if (names.has("br")) return "br";
  return names.has("gzip") ? "gzip" : "identity";
}
