// Whether a client that waits for a 100 before it sends a body has got one (RFC 9110 §10.1.1).

import type { RequestHead } from "../../policy/http1/request-head.ts";

type Expecting = Pick<RequestHead, "isContinueExpected">;

export class Expectation {
  #isContinued = false;

  reset(): void {
    this.#isContinued = false;
  }

  /** What is passed on of an answer before the answer; "" if nothing is. */
  interim({ isContinueExpected }: Expecting, statusCode: number): string {
    if (statusCode !== CONTINUE || !isContinueExpected) return "";
    this.#isContinued = true;
    return "HTTP/1.1 100 Continue\r\n\r\n";
  }

  /** The client waits for a 100 that will not come: it may send the body nevertheless. */
  isOpen({ isContinueExpected }: Expecting, body: { readonly isDone: boolean }): boolean {
    return isContinueExpected && !this.#isContinued && !body.isDone;
  }
}

const CONTINUE = 100;
