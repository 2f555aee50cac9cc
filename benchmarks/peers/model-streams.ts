/** Streams of a model whose server is another process, all at once: by supervised actors through a plugin, or read by hand. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type MofaSystem, startSystem } from "../../index.ts";
import { llmOpenai } from "../../plugins/llm-openai/index.ts";
import type { Contender } from "../harness.ts";
import { type Listen, listener } from "../listeners.ts";
import { wallNowMs } from "../wall.ts";
import type { Repetition } from "./scenario.ts";
import { systemContender } from "./system-contender.ts";

export interface ModelStreams {
  readonly streams: number;
  readonly tokensPerSecond: number;
}

/** Above the goal by so much is growth, and none of the machine's. */
const growthMaxMs = 100;

class TokenServer {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly url: string;

  private constructor(process: ChildProcessByStdio<Writable, Readable, null>, port: number) {
    this.#process = process;
    this.url = `http://127.0.0.1:${port}/v1`;
  }

  static async start(): Promise<TokenServer> {
    const file = fileURLToPath(new URL("./token-server.js", import.meta.url));
    const child = spawn(process.execPath, [file], { stdio: ["pipe", "pipe", "inherit"] });
    const [port] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
    return new TokenServer(child, Number(port));
  }

  async end(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.stdin.end();
    await ended;
  }
}

/** The streams go on from one repetition to the next: what is too much comes ever later. */
export function listeningActors({ streams, tokensPerSecond }: ModelStreams): Contender {
  let server: TokenServer | undefined;
  const start = async () => {
    server = await TokenServer.start();
    const system: MofaSystem = await startSystem({ threads: 1, spare: false, checks: false, turnLimitMs: 60_000 });
    const config = { apiKey: "none", baseUrl: server.url, model: "beat", maxConcurrent: streams };
    await system.startPlugins([{ plugin: llmOpenai, config, isolation: "thread" }]);
    const children = Array.from({ length: streams }, (_, number) => ({
      id: String(number),
      start: [listener] as const,
    }));
    const tree = await system.supervise({ children });
    const refs = (await tree.whichChildren()).map(({ ref }) => ref);
    return { system, refs, growth: new Growth() };
  };
  const name = `mofa, ${streams} actors`;
  const contender = systemContender(name, start, async ({ system, refs, growth }, size) => {
    const play: Listen = { tokensPerSecond, tokens: size / streams };
    const listen = refs.map(async (ref) => {
      if (ref === undefined) throw new Error("an actor is not there");
      return (await system.call(ref, "listen", play, { timeoutMs: Number.POSITIVE_INFINITY })) as readonly number[];
    });
    const repetition = await timed(listen, size);
    growth.add(repetition);
    return repetition;
  });
  return {
    ...contender,
    async close() {
      await contender.close();
      await server?.end();
      server = undefined;
    },
  };
}

/** The floor: `fetch` in one thread, each event found and parsed by hand. */
export function listeningByHand({ streams, tokensPerSecond }: ModelStreams): Contender {
  let server: TokenServer | undefined;
  const readers: { readonly next: () => Promise<number>; readonly end: () => void }[] = [];
  return {
    name: `fetch by hand, ${streams} loops`,
    dividedBy: 1,
    async run(size) {
      server ??= await TokenServer.start();
      while (readers.length < streams) readers.push(await byHand(server.url, tokensPerSecond));
      const listen = readers.map(async ({ next }) => {
        const lags: number[] = [];
        const sinceMs = wallNowMs();
        while (lags.length < size / streams) {
          const stamp = await next();
          if (stamp >= sinceMs) lags.push(wallNowMs() - stamp);
        }
        return lags;
      });
      return await timed(listen, size);
    },
    async close() {
      for (const { end } of readers.splice(0)) end();
      await server?.end();
      server = undefined;
    },
  };
}

async function byHand(url: string, tokensPerSecond: number) {
  const controller = new AbortController();
  const body = JSON.stringify({ model: String(tokensPerSecond), stream: true });
  const response = await fetch(`${url}/chat/completions`, { method: "POST", body, signal: controller.signal });
  if (response.body === null) throw new Error("there is no stream");
  // Read from now on: a response that nobody reads is cancelled when it is collected.
  const lines = linesOf(response.body[Symbol.asyncIterator]());
  const next = async (): Promise<number> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the stream has ended");
    const { choices } = JSON.parse(value.slice("data: ".length)) as {
      readonly choices: readonly { readonly delta: { readonly content: string } }[];
    };
    return Number(choices[0]?.delta.content);
  };
  return { next, end: () => controller.abort() };
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of body) {
    const lines = `${text}${decoder.decode(part, { stream: true })}`.split("\n");
    text = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
}

async function timed(listen: readonly Promise<readonly number[]>[], size: number): Promise<Repetition> {
  const startMs = performance.now();
  const lags = (await Promise.all(listen)).flat();
  const latenciesUs = Float64Array.from(lags, (lagMs) => lagMs * 1_000);
  return { result: Math.min(lags.length, size), elapsedMs: performance.now() - startMs, latenciesUs };
}

/** Fails where tokens come ever later: a queue that grows is no lag. */
class Growth {
  readonly #p99s: number[] = [];

  add({ latenciesUs = new Float64Array() }: Repetition): void {
    const sorted = latenciesUs.toSorted();
    this.#p99s.push((sorted[Math.floor(sorted.length * 0.99)] ?? 0) / 1_000);
    const third = Math.floor(this.#p99s.length / 3);
    if (third < 3) return;
    const [first, last] = [this.#p99s.slice(0, third), this.#p99s.slice(-third)].map((part) => Math.min(...part));
    if ((last ?? 0) - (first ?? 0) > growthMaxMs)
      throw new Error(
        `tokens come ever later: the 99th percentile has gone from ${first?.toFixed(0)} to ${last?.toFixed(0)} ms`,
      );
  }
}
