// Node's own clients. Arguments: the URL of a Service of the mesh, and one that is encrypted, or "".
import { createHash } from "node:crypto";
import { Agent, request } from "node:http";
import { Agent as TlsAgent, request as requestTls } from "node:https";

const [plain, encrypted] = process.argv.slice(2);
const BODY = Buffer.alloc(5_000_000, "x");

const withFetch = async (method, url, body) => (await fetch(url, { method, body })).text();

function withRequest(agents = {}) {
  return async function ask(method, url, body) {
    const { promise, resolve, reject } = Promise.withResolvers();
    const [send, agent] = url.startsWith("https:") ? [requestTls, agents.tls] : [request, agents.plain];
    const asked = send(url, { method, agent }, (answer) => {
      // It follows no redirects by itself.
      if (answer.statusCode === 302) {
        answer.resume();
        resolve(ask("GET", answer.headers.location));
        return;
      }
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => (text += part));
      answer.on("end", () => resolve(text));
      answer.on("error", reject);
    });
    asked.on("error", reject);
    asked.end(body);
    return promise;
  };
}

async function webSocket() {
  const { promise, resolve, reject } = Promise.withResolvers();
  const socket = new WebSocket(`${plain.replace("http:", "ws:")}ws`);
  socket.addEventListener("open", () => socket.send("hello"));
  socket.addEventListener("message", ({ data }) => {
    resolve(data);
    socket.close();
  });
  socket.addEventListener("error", () => reject(new Error("no WebSocket")));
  return promise;
}

async function tried(attempt) {
  try {
    return String(await attempt());
  } catch (error) {
    return `error: ${error.cause?.code ?? error.code ?? error.message}`;
  }
}

async function all(ask, more = {}) {
  const hello = await tried(() => ask("GET", `${plain}hello`));
  const results = hello.startsWith("error")
    ? { hello }
    : {
        hello,
        kept: await tried(async () => {
          for (let time = 1; time < 5; time++) await ask("GET", `${plain}kept/${time}`);
          return ask("GET", `${plain}kept/5`);
        }),
        echoed: await tried(() => ask("POST", `${plain}echo`, BODY)),
        large: await tried(async () =>
          createHash("sha256")
            .update(await ask("GET", `${plain}large`))
            .digest("hex"),
        ),
        redirected: await tried(() => ask("GET", `${plain}redirect`)),
      };
  if (encrypted !== "") results.encrypted = await tried(() => ask("GET", encrypted));
  for (const [name, attempt] of Object.entries(more)) results[name] = await tried(attempt);
  return results;
}

const results = {
  "Node fetch": await all(withFetch, { webSocket }),
  "Node http.request": await all(withRequest()),
  "Node http.request with an Agent of its own": await all(
    withRequest({ plain: new Agent(), tls: new TlsAgent() }),
  ),
};
console.log(JSON.stringify(results));
process.exit(0);
