/** One life of a server: from its start to its end, and what it can be asked for between. */
import type { Client, Progress, StandardSchemaV1, Transport } from "@modelcontextprotocol/client";
import { RuntimeError, ToolError } from "../../core/index.ts";
import type { McpConfig } from "./config.ts";
import type { Nuisance } from "./nuisance.ts";
import type { Secrets } from "./secrets.ts";
import { lostCode, unheardCode } from "./server-message.ts";

export type ClientPackage = typeof import("@modelcontextprotocol/client");

/** A transport that knows more of the server than those of the package. */
export interface ServerTransport extends Transport {
  /** How the server has ended, for people; undefined: it is there, as far as is known. */
  readonly how: string | undefined;
  /** Why it was not reached when it was asked last; undefined: it was, or that is seen by its end. */
  readonly fault?: string | undefined;
  /** Ends it at once. */
  kill(): void;
}

export interface ConnectionEvents {
  /** The server says that its tools are others now. */
  changed(): void;
  /** It is not there any more. */
  lost(connection: Connection, how: string): void;
}

/** What a server answers: as it came, and checked by whoever asks. */
export type ServerAnswer = Readonly<Record<string, unknown>>;

export interface AskOptions {
  readonly signal: AbortSignal;
  progress?(progress: Progress): void;
}

/** Of JSON-RPC. */
const methodNotFound = -32_601;
const invalidParams = -32_602;
/** Whoever asks has a time limit of its own. */
const longestMs = 2 ** 31 - 1;
const wordsMax = 8_192;
/** Of a list whose server says again and again that there is more of it. */
const pagesMax = 1_000;
/** Of the longest messages, so many a list of tools may fill in all. */
const listMessages = 4;

/** The package would check an answer by its own schemas, and refuse a whole list for one wrong tool. */
const asItIs: StandardSchemaV1<unknown, ServerAnswer> = {
  "~standard": {
    version: 1,
    vendor: "mofa",
    validate: (value) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? { value: value as ServerAnswer }
        : { issues: [{ message: `an answer is an object, got ${Array.isArray(value) ? "array" : typeof value}` }] },
  },
};

export class Connection {
  readonly #client: Client;
  readonly #transport: ServerTransport;
  readonly #config: McpConfig;
  readonly #secrets: Secrets;

  private constructor(client: Client, transport: ServerTransport, config: McpConfig, secrets: Secrets) {
    this.#client = client;
    this.#transport = transport;
    this.#config = config;
    this.#secrets = secrets;
  }

  /** @throws ToolError `tool_failed`, by rejection: there is no server, or none that speaks the protocol; the signal's reason. */
  static async open(
    { Client }: ClientPackage,
    transport: ServerTransport,
    config: McpConfig,
    nuisance: Nuisance,
    events: ConnectionEvents,
    signal: AbortSignal,
  ): Promise<Connection> {
    const { protocol, connectTimeoutMs } = config;
    const { secrets } = nuisance;
    const client = new Client(
      { name: "mofa", version: "0.1.0" },
      {
        // By a server's schema nothing is checked here: it may be one that takes for ever.
        jsonSchemaValidator: {
          getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
        },
        versionNegotiation: {
          mode: protocol === "auto" ? "auto" : "legacy",
          // One that says nothing to what it does not know has the rest of the time for what it knows.
          probe: { timeoutMs: Math.ceil(connectTimeoutMs / 3) },
        },
        listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => events.changed() } },
      },
    );
    const connection = new Connection(client, transport, config, secrets);
    client.onerror = (error) => nuisance.tell("the server is not understood", secrets.wordsOf(error));
    const stop = () => transport.kill();
    signal.addEventListener("abort", stop, { once: true });
    try {
      signal.throwIfAborted();
      await client.connect(transport, { timeout: longestMs, signal });
      client.onclose = () => events.lost(connection, transport.how ?? "has closed the connection");
      return connection;
    } catch (error) {
      // In words first: with its end it would be that which is told.
      const failure = connection.#inWords(error);
      transport.kill();
      signal.throwIfAborted();
      throw failure;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Who it says that it is. */
  get server(): string {
    const { name, version } = this.#client.getServerVersion() ?? { name: "a server without a name", version: "" };
    return this.#secrets.beginning(`${name} ${version}`.trim());
  }

  /** Why it was not reached when it was asked last. */
  get fault(): string | undefined {
    return this.#transport.fault;
  }

  has(capability: "tools" | "resources" | "prompts"): boolean {
    return this.#client.getServerCapabilities()?.[capability] !== undefined;
  }

  /**
   * @throws ToolError, by rejection: `tool_arguments`: the server does not take them; `tool_limit`: its answer is too long;
   * `tool_failed`: any other failure, with its words; the signal's reason.
   */
  async ask(
    method: string,
    params: Readonly<Record<string, unknown>>,
    { signal, progress }: AskOptions,
  ): Promise<ServerAnswer> {
    try {
      return await this.#client.request({ method, params: { ...params } }, asItIs, {
        signal,
        timeout: longestMs,
        ...(progress && { onprogress: progress }),
      });
    } catch (error) {
      signal.throwIfAborted();
      throw this.#inWords(error);
    }
  }

  /** @throws ToolError, by rejection: as `ask`; `tool_limit`: it has more of them. */
  async tools(signal: AbortSignal): Promise<readonly unknown[]> {
    const { maxTools, maxMessageBytes } = this.#config;
    const all: unknown[] = [];
    let charsLeft = maxMessageBytes * listMessages;
    let cursor: string | undefined;
    for (let page = 0; page < pagesMax; page++) {
      const { tools, nextCursor } = await this.ask("tools/list", cursor === undefined ? {} : { cursor }, { signal });
      if (!Array.isArray(tools))
        throw new ToolError("tool_failed", `the server's tools are no list, but ${this.#secrets.describe(tools)}`);
      if (all.length + tools.length > maxTools)
        throw new ToolError("tool_limit", `the server has more than ${maxTools} tools (maxTools)`);
      charsLeft -= JSON.stringify(tools).length;
      if (charsLeft < 0)
        throw new ToolError("tool_limit", `the server's list of tools has more than ${listMessages} messages may have`);
      for (const one of tools) all.push(one);
      if (typeof nextCursor !== "string") return all;
      cursor = nextCursor;
    }
    throw new ToolError("tool_limit", `the server's list of tools has more than ${pagesMax} pages`);
  }

  /** With a while to end by itself. */
  async end(): Promise<void> {
    await this.#client.close();
  }

  kill(): void {
    this.#transport.kill();
  }

  /** Of what the server says, and of its secrets nothing. */
  #inWords(error: unknown): ToolError {
    const { how } = this.#transport;
    const failure = (code: string, text: string) => this.#secrets.failure(code, text, error);
    if (how !== undefined) return failure("tool_failed", `the server ${how}`);
    const words = this.#secrets.wordsOf(error, wordsMax);
    if (error instanceof RuntimeError) return failure(error.code, words);
    const { code, data } = error as { readonly code?: unknown; readonly data?: { readonly status?: unknown } };
    if (code === unheardCode) return failure("tool_limit", words);
    if (code === lostCode) return failure("tool_failed", words);
    if (code === invalidParams) return failure("tool_arguments", `the server refuses it: ${words}`);
    if (code === methodNotFound) return failure("tool_unknown", `the server does not know that: ${words}`);
    if (typeof code === "number") return failure("tool_failed", `the server has failed: ${words} (${code})`);
    const { status } = data ?? {};
    return failure("tool_failed", typeof status === "number" ? `${words} (HTTP ${status})` : words);
  }
}
