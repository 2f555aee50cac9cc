/**
 * A server that is a process, spoken to by its stdin and stdout: one message a line. What it writes is bounded by line and by second,
 * what is no message is counted and told, and what it does not read is not kept for it.
 */

import type { Readable } from "node:stream";
import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { byDeadline, errorData, type PluginBus, ToolError } from "../../core/index.ts";
import { type BoundedLine, BoundedLines } from "./bounded-lines.ts";
import type { McpConfig } from "./config.ts";
import { Inflow } from "./inflow.ts";
import type { Nuisance } from "./nuisance.ts";
import { idAtEnds, messageOf, unheard } from "./server-message.ts";
import { ServerProcess } from "./server-process.ts";

/** Bytes that count as a message. */
export const countedBytes = 4_096;
/** Of what a server says beside, on stderr: lines that are told are no longer, and no more in a second. */
const wordBytes = 1_024;
const wordsPerSecond = 20;
const stderrBytesPerSecond = 1_048_576;
/** Last words of a server, which say why it has ended. */
const lastWords = 5;
/** What it has written before its end is read within that time: somebody else may hold its stdout open. */
const drainMs = 1_000;

export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  readonly #config: McpConfig;
  readonly #bus: PluginBus;
  readonly #nuisance: Nuisance;
  readonly #stop = new AbortController();
  readonly #said: string[] = [];
  #process: ServerProcess | undefined;
  #how: string | undefined;
  #isClosed = false;

  constructor(config: McpConfig, bus: PluginBus, nuisance: Nuisance) {
    this.#config = config;
    this.#bus = bus;
    this.#nuisance = nuisance;
  }

  /** By these two the package knows a transport of stdio, whose server may say nothing to what it does not know. */
  readonly stderr = null;

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** How the server has ended, with its last words; undefined: it runs, as far as is known. */
  get how(): string | undefined {
    if (this.#how === undefined) return undefined;
    return [this.#how, ...(this.#said.length > 0 ? ["its last words were:"] : []), ...this.#said].join("\n");
  }

  /** @throws ToolError `tool_failed`, by rejection. */
  async start(): Promise<void> {
    const { command } = this.#config;
    try {
      this.#process = await ServerProcess.start(this.#config);
    } catch (error) {
      throw new ToolError("tool_failed", `the server ${command} does not start: ${errorData(error).message}`, error);
    }
    const { ended, stdout, stderr } = this.#process;
    if (this.#stop.signal.aborted) this.#process.kill();
    const heard = Promise.all([this.#listen(stdout), this.#overhear(stderr)]);
    void ended.then(async (how) => {
      this.#how = how;
      const stop = byDeadline(drainMs, () => this.#stop.abort(gone()));
      await heard;
      stop();
      this.#close();
    });
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const { maxMessageBytes } = this.#config;
    const { stdin } = this.#process as ServerProcess;
    const line = `${JSON.stringify(message)}\n`;
    const bytes = Buffer.byteLength(line);
    if (bytes > maxMessageBytes)
      throw new ToolError("tool_limit", `the arguments have ${bytes} bytes, and maxMessageBytes is ${maxMessageBytes}`);
    if (this.#isClosed || stdin.destroyed || stdin.writableEnded) throw gone();
    if (stdin.writableLength > maxMessageBytes)
      throw new ToolError("tool_failed", "the server does not read what it is sent");
    stdin.write(line);
  }

  async close(): Promise<void> {
    await this.#process?.end();
    this.#close();
  }

  /** At once. */
  kill(): void {
    this.#stop.abort(gone());
    this.#process?.kill();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stop.abort(gone());
    this.onclose?.();
  }

  async #listen(stdout: Readable): Promise<void> {
    const inflow = new Inflow(this.#config.messagesPerSecond);
    const lines = new BoundedLines(this.#config.maxMessageBytes);
    await this.#read(stdout, async (chunk) => {
      for (const line of lines.take(chunk)) {
        this.#hear(line);
        await inflow.take(1, this.#stop.signal);
      }
      await inflow.take(chunk.length / countedBytes, this.#stop.signal);
    });
  }

  #hear(line: BoundedLine): void {
    const { maxMessageBytes } = this.#config;
    if (line.text === undefined) {
      const why = `a message of ${line.bytes} bytes, and maxMessageBytes is ${maxMessageBytes}`;
      this.#nuisance.tell(
        "the server has sent a message that is too long",
        `${why}: ${this.#nuisance.secrets.hideCut(line.head)}`,
      );
      const id = idAtEnds(line.head, line.tail);
      if (id !== undefined) this.onmessage?.(unheard(id, `the server has answered by ${why}`));
      return;
    }
    if (line.text.trim() === "") return;
    const message = messageOf(line.text);
    if (!("why" in message)) {
      this.onmessage?.(message);
      return;
    }
    this.#nuisance.tell(`the server has written ${message.why} to its stdout`, line.text);
    if (message.id !== undefined) this.onmessage?.(unheard(message.id, `the server has answered by ${message.why}`));
  }

  async #overhear(stderr: Readable): Promise<void> {
    const inflow = new Inflow(stderrBytesPerSecond);
    const words = new Inflow(wordsPerSecond);
    const lines = new BoundedLines(wordBytes);
    await this.#read(stderr, async (chunk) => {
      for (const line of lines.take(chunk)) {
        const { secrets } = this.#nuisance;
        const said = line.text === undefined ? `${secrets.hideCut(line.head)} ...` : secrets.hide(line.text.trimEnd());
        if (said === "") continue;
        this.#said.push(said);
        if (this.#said.length > lastWords) this.#said.shift();
        if (words.tryTake(1)) this.#bus.log("info", `the server says: ${said}`);
        else this.#nuisance.tell(`the server writes more than ${wordsPerSecond} lines a second to its stderr`, said);
      }
      await inflow.take(chunk.length, this.#stop.signal);
    });
  }

  /** Until it ends, or nobody listens any more. */
  async #read(stream: Readable, take: (chunk: Uint8Array) => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    const stop = () => stream.destroy();
    signal.addEventListener("abort", stop, { once: true });
    try {
      for await (const chunk of stream) await take(chunk as Uint8Array);
    } catch (error) {
      // It was given up, or broke with its process, which is told by that.
      if (!signal.aborted && errorData(error).code !== "ERR_STREAM_PREMATURE_CLOSE") this.onerror?.(error as Error);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}

function gone(): ToolError {
  return new ToolError("tool_failed", "the server is not there any more");
}
