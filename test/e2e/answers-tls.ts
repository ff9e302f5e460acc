// Whether a server of this suite says that it is well; its certificate is its own, made a moment ago.

import { Agent, request } from "undici";

const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });

export async function answersTls(url: string): Promise<boolean> {
  const { statusCode, body } = await request(url, { dispatcher });
  await body.dump();
  return statusCode === 200;
}
