/**
 * The tools of a server that may end, and is then started again. A plugin that ended with it would use up the restarts of its
 * supervisor, and take the other plugins of its list with it: so the server is watched here, with a pause that grows.
 */
import {
  byDeadline,
  type PluginBus,
  type PluginHealth,
  pause,
  stopwatchMs,
  type Tool,
  type ToolDriver,
  ToolError,
  type ToolRun,
} from "../../core/index.ts";
import type { McpConfig } from "./config.ts";
import {
  type AskOptions,
  type ClientPackage,
  Connection,
  type ConnectionEvents,
  type ServerAnswer,
} from "./connection.ts";
import { HttpTransport } from "./http-transport.ts";
import { Nuisance } from "./nuisance.ts";
import { type Ask, promptTools, resourceTools } from "./offered-tools.ts";
import { Secrets } from "./secrets.ts";
import { servedTools } from "./served-tools.ts";
import { StdioTransport } from "./stdio-transport.ts";
import { toolAnswer } from "./tool-answer.ts";

/** Between two looks at the tools of a server that says all the time that they are others. */
const refreshMs = 250;
/** Names of tools that are told in the log. */
const namesMax = 20;

export class McpDriver implements ToolDriver {
  readonly #package: ClientPackage;
  readonly #config: McpConfig;
  readonly #bus: PluginBus;
  readonly #signal: AbortSignal;
  readonly #secrets: Secrets;
  readonly #nuisance: Nuisance;
  #connection: Connection | undefined;
  /** An attempt that is under way. It does not reject. */
  #connecting: Promise<void> | undefined;
  /** Why there is no connection, for people. */
  #why = "the server was not started yet";
  #connectedMs = 0;
  /** Lives of the server, one after the other, that were short. */
  #shortLives = 0;
  #isClosed = false;
  #isStarting = false;
  #isRefreshing = false;
  #isChanged = false;
  #tools: readonly Tool[] = [];
  /** What the tools are made of, as text. */
  #made = "";

  private constructor(client: ClientPackage, config: McpConfig, bus: PluginBus, signal: AbortSignal) {
    this.#package = client;
    this.#config = config;
    this.#bus = bus;
    this.#signal = signal;
    this.#secrets = new Secrets(config);
    this.#nuisance = new Nuisance(bus, this.#secrets);
    signal.addEventListener("abort", () => this.#kill(), { once: true });
  }

  /** @throws ToolError, by rejection: the server cannot be had. */
  static async open(client: ClientPackage, config: McpConfig, bus: PluginBus, signal: AbortSignal): Promise<McpDriver> {
    const driver = new McpDriver(client, config, bus, signal);
    await driver.#connect();
    return driver;
  }

  tools(): readonly Tool[] {
    return this.#tools;
  }

  health(): PluginHealth {
    if (this.#connection === undefined) return { status: "down", detail: this.#why };
    const { fault, server } = this.#connection;
    if (fault !== undefined) return { status: "down", detail: fault };
    return { status: "up", detail: `${server}, ${this.#tools.length} tools` };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#connection?.end();
  }

  #kill(): void {
    this.#isClosed = true;
    this.#connection?.kill();
  }

  async #connect(): Promise<void> {
    await this.#inTime("the server has not said who it is and which tools it has", async (signal) => {
      const transport =
        this.#config.url === ""
          ? new StdioTransport(this.#config, this.#bus, this.#nuisance)
          : new HttpTransport(this.#package, this.#config, this.#nuisance);
      const events: ConnectionEvents = {
        changed: () => this.#changed(),
        lost: (connection, how) => this.#lost(connection, how),
      };
      const opened = await Connection.open(this.#package, transport, this.#config, this.#nuisance, events, signal);
      try {
        const served = opened.has("tools") ? await opened.tools(signal) : [];
        signal.throwIfAborted();
        if (transport.how !== undefined) throw new ToolError("tool_failed", `the server ${transport.how}`);
        this.#connection = opened;
        this.#connectedMs = stopwatchMs();
        this.#adopt(opened, served);
      } catch (error) {
        opened.kill();
        throw error;
      }
    });
  }

  /** @throws ToolError `timeout`, by rejection: it took longer than `connectTimeoutMs`; the plugin's signal's reason. */
  async #inTime<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { connectTimeoutMs } = this.#config;
    const attempt = new AbortController();
    const leave = () => attempt.abort(this.#signal.reason);
    this.#signal.addEventListener("abort", leave, { once: true });
    if (this.#signal.aborted) leave();
    const stop = byDeadline(connectTimeoutMs, () =>
      attempt.abort(new ToolError("timeout", `${what} within connectTimeoutMs (${connectTimeoutMs})`)),
    );
    try {
      return await work(attempt.signal);
    } finally {
      stop();
      this.#signal.removeEventListener("abort", leave);
    }
  }

  /** One that was never told of as connected is no loss. */
  #lost(connection: Connection, how: string): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#why = `the server ${how}`;
    if (this.#isClosed) return;
    this.#shortLives = stopwatchMs() - this.#connectedMs < this.#config.backoffMaxMs ? this.#shortLives + 1 : 1;
    this.#bus.log("warning", this.#why);
    if (!this.#isStarting) void this.#again();
  }

  /** Until it is there again, or the plugin ends. */
  async #again(): Promise<void> {
    const { backoffMs, backoffMaxMs } = this.#config;
    this.#isStarting = true;
    while (!this.#isClosed && this.#connection === undefined) {
      const waitMs = Math.min(backoffMs * 2 ** (this.#shortLives - 1), backoffMaxMs);
      const why = this.#why;
      this.#why = `${why}\nit is started again ${waitMs} ms after that`;
      try {
        await pause(waitMs, this.#signal);
      } catch {
        return; // the plugin has ended
      }
      if (this.#isClosed) return;
      this.#connecting = this.#connect().then(
        () => this.#bus.log("info", "the server is there again"),
        (error: unknown) => {
          this.#why = (error as Error).message;
          this.#shortLives++;
          if (!this.#isClosed) this.#nuisance.tell("the server cannot be started again", this.#why);
        },
      );
      await this.#connecting;
      this.#connecting = undefined;
      // It was closed while it came up.
      if (this.#isClosed) this.#kill();
    }
    this.#isStarting = false;
  }

  #changed(): void {
    this.#isChanged = true;
    if (!this.#isRefreshing) void this.#refresh();
  }

  async #refresh(): Promise<void> {
    this.#isRefreshing = true;
    try {
      while (this.#isChanged && this.#connection !== undefined && !this.#isClosed) {
        this.#isChanged = false;
        const connection = this.#connection;
        try {
          const served = await this.#inTime("the server has not said which tools it has", (signal) =>
            connection.tools(signal),
          );
          if (this.#connection === connection) this.#adopt(connection, served);
        } catch (error) {
          if (!this.#isClosed && this.#connection === connection)
            this.#nuisance.tell("the server's tools are those that it had before", (error as Error).message);
        }
        await pause(refreshMs, this.#signal);
      }
    } catch {
      // The plugin has ended.
    } finally {
      this.#isRefreshing = false;
    }
  }

  /** What the server has now. */
  #adopt(connection: Connection, served: readonly unknown[]): void {
    const { offer, prefix } = this.#config;
    const { tools, left } = servedTools(
      offer.includes("tools") ? served : [],
      this.#config,
      this.#secrets,
      (name, input, call) => this.#call(name, input, call),
    );
    const ask: Ask = async (method, params, call) => await this.#ask(method, params, call);
    const ours = [
      ...(offer.includes("resources") && connection.has("resources") ? resourceTools(prefix, ask) : []),
      ...(offer.includes("prompts") && connection.has("prompts") ? promptTools(prefix, ask) : []),
    ];
    const names = new Set(tools.map(({ name }) => name));
    const all = [...tools];
    for (const tool of ours)
      if (names.has(tool.name)) left.push(`${tool.name}, which is ours: the server has a tool of that name`);
      else all.push(tool);
    const made = JSON.stringify([all.map(({ name }) => name), left, tools.length > 0 && served]);
    if (made === this.#made) return;
    const before = new Set(this.#tools.map(({ name }) => name));
    const isFirst = this.#made === "";
    this.#tools = all;
    this.#made = made;
    if (left.length > 0)
      this.#bus.log("warning", `tools are left out: ${left.slice(0, namesMax).join("; ")}`, { count: left.length });
    const after = new Set(all.map(({ name }) => name));
    if (isFirst) return;
    this.#bus.publish("tools", {
      tools: [...after],
      added: [...after].filter((name) => !before.has(name)),
      removed: [...before].filter((name) => !after.has(name)),
    });
  }

  async #call(name: string, input: object, call: ToolRun): Promise<unknown> {
    let isTold = true;
    const answer = await this.#ask("tools/call", { name, arguments: input }, call, ({ progress, total, message }) => {
      // A reader that is slower than the server misses some.
      if (!isTold) return;
      isTold = false;
      const told = call.progress({
        progress,
        ...(total !== undefined && { total }),
        ...(message !== undefined && { message: this.#secrets.beginning(message) }),
      });
      const next = () => {
        isTold = true;
      };
      told.then(next, next); // of a call that has ended nobody is told
    });
    return toolAnswer(answer, this.#secrets);
  }

  /** @throws ToolError, by rejection: as `Connection.ask`; `tool_failed`: the server is not there. */
  async #ask(
    method: string,
    params: Readonly<Record<string, unknown>>,
    { signal }: ToolRun,
    progress?: AskOptions["progress"],
  ): Promise<ServerAnswer> {
    await this.#connecting;
    signal.throwIfAborted();
    if (this.#connection === undefined) throw new ToolError("tool_failed", this.#why);
    return await this.#connection.ask(method, params, { signal, ...(progress && { progress }) });
  }
}
