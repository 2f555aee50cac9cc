/** What may be asked at all, before a name is resolved: for the URL of a request, and for each that it is sent to. */
import { ToolError } from "../../core/index.ts";
import type { HttpConfig } from "./config.ts";
import { HostList, hostOf } from "./host-list.ts";

const urlCharsMax = 8_192;

export class UrlRules {
  readonly #schemes: readonly string[];
  readonly #ports: readonly number[];
  readonly #hosts: HostList;
  readonly #hostsText: string;

  constructor({ schemes, ports, hosts }: Pick<HttpConfig, "schemes" | "ports" | "hosts">) {
    this.#schemes = schemes;
    this.#ports = ports;
    this.#hosts = new HostList(hosts);
    this.#hostsText = hosts.length > 20 ? `${hosts.slice(0, 20).join(", ")}, ...` : hosts.join(", ");
  }

  /**
   * The URL in one spelling: an address in numbers of any base is one in dots, a name has no dot at its end.
   * @param base what a `Location` is read by
   * @throws ToolError `tool_arguments`: it is none; `tool_denied`: it may not be asked.
   */
  checked(text: string, base?: URL): URL {
    const shown = JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text);
    const what = base === undefined ? `the URL ${shown}` : `${base.href} sends to ${shown}, which`;
    const denied = (why: string) => new ToolError("tool_denied", `fetch_url: ${what} ${why}`);
    if (text.length > urlCharsMax || !URL.canParse(text, base))
      throw new ToolError(
        base === undefined ? "tool_arguments" : "tool_failed",
        `fetch_url: ${what} is no absolute URL of at most ${urlCharsMax} characters`,
      );
    const url = new URL(text, base);
    const scheme = url.protocol.slice(0, -1);
    if (!this.#schemes.includes(scheme))
      throw denied(`has the scheme ${scheme}: only ${this.#schemes.join(", ")} may be asked`);
    if (url.username !== "" || url.password !== "")
      throw denied("has a user or a password in it, which is not allowed: leave them out");
    url.hostname = url.hostname.replace(/\.$/, "");
    url.hash = "";
    const host = hostOf(url);
    if (!this.#hosts.has(host)) throw denied(`has the host ${host}: only these may be asked: ${this.#hostsText}`);
    const port = url.port === "" ? (scheme === "https" ? 443 : 80) : Number(url.port);
    if (!this.#ports.includes(port)) throw denied(`has the port ${port}: only ${this.#ports.join(", ")} may be asked`);
    return url;
  }
}
