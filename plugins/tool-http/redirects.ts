/** What becomes of a request that is sent elsewhere: by the rules of fetch (its "HTTP-redirect fetch"), and stricter with headers. */
import type { Method } from "./config.ts";

export interface HttpRequest {
  readonly url: URL;
  readonly method: Method;
  /** A model's own, by their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body?: Buffer;
}

const ofBody = /^content-(?:encoding|language|location|type)$/;

/** Fetch takes away `authorization` alone; what else a header may be a secret of is not known here. */
const harmless = /^(?:accept|accept-language|content-language|content-type|range|user-agent)$/;

export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

export function redirected({ url, method, headers, body }: HttpRequest, status: number, target: URL): HttpRequest {
  const isRead = method === "GET" || method === "HEAD";
  const becomesGet = (status === 303 && !isRead) || ((status === 301 || status === 302) && method === "POST");
  const isElsewhere = target.origin !== url.origin;
  const kept = [...headers].filter(
    ([name]) => !(becomesGet && ofBody.test(name)) && !(isElsewhere && !harmless.test(name)),
  );
  return {
    url: target,
    method: becomesGet ? "GET" : method,
    headers: new Map(kept),
    ...(body !== undefined && !becomesGet && { body }),
  };
}
