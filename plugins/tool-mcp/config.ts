/** The configuration of what `mcpTools` makes. */
import {
  type ConfigKey,
  choiceKey,
  configSchema,
  countKey,
  httpUrlKey,
  type ToolLimits,
  textKey,
  toolLimits,
} from "../../core/index.ts";

/** What of a server becomes tools. */
export type McpOffer = "tools" | "resources" | "prompts";

export interface McpConfig extends ToolLimits {
  /** The program that is the server, which is spoken to by its stdin and stdout. Either this or `url`. */
  readonly command: string;
  /** Its arguments: no shell reads them. Default none. */
  readonly args: readonly string[];
  /** Its environment, beside `PATH`, `HOME` and the few others that it has of the program's own. A secret. Default none. */
  readonly env: Readonly<Record<string, string>>;
  /** Where it runs. Default where the program runs. */
  readonly cwd: string;
  /** Of a server that is spoken to by streamable HTTP. Whoever configures it says where that is: no address is refused. */
  readonly url: string;
  /** Of each request to `url`. A secret. Default none. */
  readonly headers: Readonly<Record<string, string>>;
  /** `initialize`: as all servers of 2025 and before take it. `auto`: it is asked first whether it speaks 2026-07-28. Default `initialize`. */
  readonly protocol: "initialize" | "auto";
  /** What becomes tools: the server's tools; `list_resources` and `read_resource`; `list_prompts` and `get_prompt`. Default the first two. */
  readonly offer: readonly McpOffer[];
  /** Of the server's tools these alone, by the server's names. Default all. */
  readonly only: readonly string[];
  /** Before the name of each tool, so that those of two servers are apart. Default none. */
  readonly prefix: string;
  /** Until the server has said who it is and which tools it has. Less than the plugin's `startTimeoutMs` (10,000). Default 9,000. */
  readonly connectTimeoutMs: number;
  /** Before a server that has ended is started again, then twice as long each time. Default 500. */
  readonly backoffMs: number;
  /** No longer. A server that lived for so long begins with `backoffMs` again. Default 30,000. */
  readonly backoffMaxMs: number;
  /** Of one message, in both directions. Default 4,194,304. */
  readonly maxMessageBytes: number;
  /** Messages that are taken from the server, where one counts once for each 4,096 bytes of it: more wait in its pipe. Default 2,000. */
  readonly messagesPerSecond: number;
  /** A server with more is refused. Default 1,000. */
  readonly maxTools: number;
  /** Of one tool as the server describes it; a larger one is left out. Default 65,536. */
  readonly maxToolBytes: number;
}

const offers: readonly unknown[] = ["tools", "resources", "prompts"] satisfies McpOffer[];

const anyText = /^[^\0]*$/;

export const mcpConfig = configSchema<McpConfig>({
  ...toolLimits,
  command: textKey("", anyText, "is the name or the path of a program"),
  args: listKey([], isText, "is a list of texts"),
  env: recordKey(/^[^=\0]+$/, anyText, "is an object of variables and their texts"),
  cwd: textKey("", anyText, "is the path of a folder"),
  url: optional(httpUrlKey("http://127.0.0.1:3000/mcp")),
  headers: recordKey(/^[!#$%&'*+.^_`|~\w-]+$/, /^[\t\x20-\x7e\x80-\xff]*$/, "is an object of headers and their texts"),
  protocol: choiceKey("initialize", ["initialize", "auto"]),
  offer: listKey(["tools", "resources"], (one) => offers.includes(one), `is a list of ${offers.join(", ")}`),
  only: listKey([], isText, "is a list of names of tools"),
  prefix: textKey("", /^[a-zA-Z0-9_-]{0,32}$/, "is at most 32 letters, digits, _ and -"),
  connectTimeoutMs: countKey(9_000, 1),
  backoffMs: countKey(500, 1),
  backoffMaxMs: countKey(30_000, 1),
  maxMessageBytes: countKey(4_194_304, 1_024, 2 ** 28),
  messagesPerSecond: countKey(2_000, 1),
  maxTools: countKey(1_000, 0, 100_000),
  maxToolBytes: countKey(65_536, 1),
});

/** What is wrong with the keys together; undefined: nothing. */
export function conflictOf({ command, args, env, cwd, url, headers }: McpConfig): string | undefined {
  if ((command === "") === (url === "")) return "either command or url says which server is meant";
  if (url === "" && Object.keys(headers).length > 0) return "headers are of a server with url, and command is given";
  if (command === "" && (args.length > 0 || Object.keys(env).length > 0 || cwd !== ""))
    return "args, env and cwd are of a server with command, and url is given";
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && anyText.test(value);
}

/** "" stands for none. */
function optional({ isRight, what }: ConfigKey<string>): ConfigKey<string> {
  return { initial: "", isRight: (value) => value === "" || isRight(value), what };
}

function listKey<T>(initial: readonly T[], isOne: (value: unknown) => boolean, what: string): ConfigKey<readonly T[]> {
  return { initial, isRight: (value) => Array.isArray(value) && Array.from(value).every(isOne), what };
}

function recordKey(name: RegExp, text: RegExp, what: string): ConfigKey<Readonly<Record<string, string>>> {
  return {
    initial: {},
    isRight: (value) =>
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value) &&
      Object.entries(value).every(([key, one]) => name.test(key) && typeof one === "string" && text.test(one)),
    what,
  };
}
