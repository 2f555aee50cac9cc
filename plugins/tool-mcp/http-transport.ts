/** A server of streamable HTTP: the package's transport, with bounds on what it hears, and an end of each request that will not be answered. */
import type {
  JSONRPCMessage,
  StreamableHTTPClientTransport,
  Transport,
  TransportSendOptions,
} from "@modelcontextprotocol/client";
import { byDeadline, ToolError } from "../../core/index.ts";
import { boundedFetch } from "./bounded-fetch.ts";
import type { McpConfig } from "./config.ts";
import type { ClientPackage, ServerTransport } from "./connection.ts";
import type { Nuisance } from "./nuisance.ts";
import { checked, lostCode, unheard } from "./server-message.ts";

/** Before a stream that broke off is asked for again, whatever its server says, and how often where it cannot be had. */
const againMinMs = 500;
const againMaxMs = 30_000;
const againMax = 2;
/** For the server to hear that its session is over. */
const goodbyeMs = 1_000;

export class HttpTransport implements ServerTransport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  readonly hasPerRequestStream = true;
  readonly #inner: StreamableHTTPClientTransport;
  readonly #config: McpConfig;
  readonly #stop = new AbortController();
  /** Requests without an answer, each with what ends it. */
  readonly #open = new Map<number | string, AbortController>();
  /** Streams that are to be asked for again: each is cancelled by that. */
  readonly #waiting = new Set<() => void>();
  #how: string | undefined;
  #fault: string | undefined;

  constructor({ StreamableHTTPClientTransport }: ClientPackage, config: McpConfig, nuisance: Nuisance) {
    this.#config = config;
    const { url, headers, maxMessageBytes, messagesPerSecond } = config;
    const inner = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { ...headers } },
      fetch: boundedFetch({
        bytesMax: maxMessageBytes,
        messagesPerSecond,
        secrets: nuisance.secrets,
        signal: this.#stop.signal,
        lost: () => this.#lose("does not know the session any more"),
        tell: (fault) => {
          this.#fault = fault === undefined ? undefined : nuisance.secrets.hide(fault);
        },
      }),
      reconnectionOptions: {
        initialReconnectionDelay: againMinMs,
        maxReconnectionDelay: againMaxMs,
        reconnectionDelayGrowFactor: 2,
        maxRetries: againMax,
      },
      reconnectionScheduler: (reconnect, delayMs) => {
        const cancel = byDeadline(Math.min(Math.max(delayMs, againMinMs), againMaxMs), () => {
          this.#waiting.delete(cancel);
          reconnect();
        });
        this.#waiting.add(cancel);
        return cancel;
      },
    });
    this.#inner = inner;
    inner.onerror = (error) => this.onerror?.(error);
    inner.onclose = () => this.onclose?.();
    inner.onmessage = (value) => {
      const message = checked(value);
      if ("why" in message) {
        nuisance.tell(`the server has sent ${message.why}`, "");
        if (message.id !== undefined) this.#answer(unheard(message.id, `the server has answered by ${message.why}`));
      } else this.#answer(message);
    };
  }

  get how(): string | undefined {
    return this.#how;
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  setProtocolVersion(version: string): void {
    this.#inner.setProtocolVersion(version);
  }

  async start(): Promise<void> {
    await this.#inner.start();
  }

  async send(message: JSONRPCMessage, given: TransportSendOptions = {}): Promise<void> {
    // The package's own types differ in whether a key may be there and undefined.
    const options = given as NonNullable<Parameters<StreamableHTTPClientTransport["send"]>[1]>;
    const { maxMessageBytes } = this.#config;
    const bytes = Buffer.byteLength(JSON.stringify(message));
    if (bytes > maxMessageBytes)
      throw new ToolError("tool_limit", `the arguments have ${bytes} bytes, and maxMessageBytes is ${maxMessageBytes}`);
    if (!("method" in message) || !("id" in message)) {
      await this.#inner.send(message, options);
      // A stream of a call that was given up is not read on, nor asked for again.
      if ("method" in message && message.method === "notifications/cancelled")
        this.#settle((message.params as { readonly requestId?: number | string } | undefined)?.requestId);
      return;
    }
    const { id } = message;
    const controller = new AbortController();
    this.#open.set(id, controller);
    const { requestSignal } = options;
    try {
      await this.#inner.send(message, {
        ...options,
        requestSignal: requestSignal ? AbortSignal.any([requestSignal, controller.signal]) : controller.signal,
        onRequestStreamEnd: () => {
          options.onRequestStreamEnd?.();
          const why = this.#fault ?? "the server has ended the stream of its answer before the answer";
          if (this.#open.has(id)) this.#answer(unheard(id, why, lostCode));
        },
      });
    } catch (error) {
      this.#open.delete(id);
      throw error;
    }
  }

  /** Tells the server that the session is over. */
  async close(): Promise<void> {
    const stop = byDeadline(goodbyeMs, () => this.kill());
    try {
      await this.#inner.terminateSession();
    } catch (error) {
      this.onerror?.(error as Error); // it may be gone
    } finally {
      stop();
      this.kill();
    }
  }

  kill(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(new ToolError("tool_failed", "the server is not there any more"));
    for (const id of [...this.#open.keys()]) this.#settle(id);
    for (const cancel of this.#waiting) cancel();
    this.#waiting.clear();
    void this.#inner.close();
  }

  #lose(how: string): void {
    this.#how ??= how;
    this.kill();
  }

  #answer(message: JSONRPCMessage): void {
    if (!("method" in message) && message.id !== undefined) this.#open.delete(message.id);
    this.onmessage?.(message);
  }

  #settle(id: number | string | undefined): void {
    if (id === undefined) return;
    this.#open.get(id)?.abort();
    this.#open.delete(id);
  }
}
