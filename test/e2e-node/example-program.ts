// The program of the suite's example pods. It is handed to Node as text, so that Berth's own image can run it:
//   /            answers with the pod's name
//   /slow        the same, some time later
//   /call?url=…  calls another app as any program would, through the proxy that the pod's environment names

import { createServer, get, request } from "node:http";
import { text } from "node:stream/consumers";

const SLOW_MS = 400;
const port = Number(process.env["EXAMPLE_PORT"] ?? 8080);
const name = process.env["POD_NAME"] ?? "";

const server = createServer((incoming, response) => {
  const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://app");
  if (pathname === "/slow") return void setTimeout(() => response.end(name), SLOW_MS);
  if (pathname !== "/call") return void response.end(name);
  const call = get(searchParams.get("url") ?? "", (answer) => {
    text(answer).then(
      (body) => response.writeHead(answer.statusCode ?? 500).end(`${name} < ${body}`),
      (error: unknown) => response.writeHead(502).end(String(error)),
    );
  });
  call.on("error", (error) => response.writeHead(502).end(String(error)));
});
// Longer than the proxy keeps idle connections.
server.keepAliveTimeout = 120_000;
server.listen(port, announce);

// Beside a sidecar nobody else tells the proxy of its pod.
function announce(): void {
  const hook = process.env["PROXY_HOOK"];
  if (hook === undefined) return;
  const body = JSON.stringify({
    uid: process.env["POD_UID"],
    namespace: process.env["POD_NAMESPACE"],
    name,
    app: process.env["APP_NAME"],
    address: process.env["POD_IP"],
    port,
  });
  const again = (): void => void setTimeout(announce, RETRY_MS);
  const call = request(hook, {
    method: "POST",
    agent: false,
    headers: { "content-type": "application/json" },
  });
  call.on("response", (answer) => {
    answer.resume();
    if ((answer.statusCode ?? 500) >= 300) again();
  });
  call.on("error", again);
  call.end(body);
}

const RETRY_MS = 20;

process.on("SIGTERM", () => process.exit(0));
