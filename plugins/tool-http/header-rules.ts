/** Headers of requests: which a model may set, and what may stand in them. */
import { ToolError } from "../../core/index.ts";

const nameForm = /^[!#$%&'*+.^_`|~\w-]{1,100}$/;
/** No line can begin in it. */
const valueForm = /^[\t\x20-\x7e]*$/;
const valueBytesMax = 8_192;

/** They say how the message travels, and to whom: nobody's but the plugin's own. */
const ofConnection =
  /^(?:host|connection|content-length|date|expect|http2-settings|keep-alive|te|trailer|transfer-encoding|upgrade|via|accept-encoding|proxy-.*)$/;

/** They say who asks, or are believed by what stands before a server; some change the method. */
const granted =
  /^(?:authorization|cookie2?|origin|referer|forwarded|x-forwarded-.*|(?:.+-)?(?:client|connecting|real)-ip|x-original-url|x-rewrite-url|x-http-method.*|x-method-override|sec-.*|access-control-.*|dnt)$/;

/** Neither the connection's nor of a wrong form. */
export function isGrantable(name: unknown): boolean {
  return typeof name === "string" && nameForm.test(name) && !ofConnection.test(name.toLowerCase());
}

export function isHeader(name: string, value: unknown): boolean {
  return nameForm.test(name) && typeof value === "string" && value.length <= valueBytesMax && valueForm.test(value);
}

/**
 * Those of a model, by their names in lower case.
 * @throws ToolError `tool_denied`: it may not set one; `tool_arguments`: one is none.
 */
export function modelHeaders(
  given: Readonly<Record<string, string>>,
  grants: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [written, value] of Object.entries(given)) {
    const name = written.toLowerCase();
    if (!isHeader(name, value))
      throw new ToolError(
        "tool_arguments",
        `fetch_url: the header ${JSON.stringify(written.slice(0, 100))} is none: a name has letters, digits and "-", a value at most ${valueBytesMax} characters of ASCII in one line`,
      );
    if (ofConnection.test(name))
      throw new ToolError("tool_denied", `fetch_url: the header ${name} is set by the tool itself: leave it out`);
    if (granted.test(name) && !grants.has(name))
      throw new ToolError("tool_denied", `fetch_url: the header ${name} may not be set (grantHeaders): leave it out`);
    headers.set(name, value);
  }
  return headers;
}
