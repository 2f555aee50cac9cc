/** What users see of the keys that every plugin of a model has, and of those of a provider that is asked by HTTP. */
import { fileURLToPath } from "node:url";
import { byDeadline, type ConfigSchema } from "../../../core/index.ts";
import { ModelServer, type WireAnswer } from "../../support/model-server.ts";
import { Proxy } from "../../support/proxy.ts";
import { runProgram } from "../../support/run-program.ts";
import type { Dialect } from "../models/dialect.ts";
import type { Config, KeyDifference, KeyRun, KeyTable } from "./key-table.ts";

export const hello = { messages: [{ role: "user", content: "hello" }] } as const;

const program = fileURLToPath(new URL("../../fixtures/programs/chat-once.js", import.meta.url));

/** Time that a server keeps silent, above the changed time limits and far below the others. */
const silenceMs = 250;

/** What the server was asked by one chat: looked at by `of`. */
export function lookAtChat(
  server: ModelServer,
  of: (body: Config, server: ModelServer) => unknown,
  request: object = hello,
) {
  return async ({ start, call }: KeyRun): Promise<unknown> => {
    await start();
    await call("chat", request);
    return of(server.last.body as Config, server);
  };
}

export interface ModelTableSetup {
  readonly name: string;
  readonly schema: ConfigSchema<unknown>;
  readonly dialect: Dialect;
  /** To embeddings, in the provider's words. */
  readonly embedded?: string;
  keys(server: ModelServer): Readonly<Record<string, KeyDifference>>;
}

export async function modelTable({ name, schema, dialect, embedded, keys }: ModelTableSetup): Promise<KeyTable> {
  const server = await ModelServer.start();
  // The tables are also read by those who ask nothing.
  server.unref();
  const answer: WireAnswer = { headers: dialect.headers, parts: dialect.events({ texts: ["hello"] }) };
  const base = dialect.config(server.url);
  const lookAt = (of: (body: Config) => unknown) => lookAtChat(server, of);
  const lookAtLate = async ({ start, call }: KeyRun) => {
    server.answers = [{ headers: dialect.headers, parts: lateParts(dialect) }];
    await start();
    return await call("chat", hello);
  };
  return {
    plugin: dialect.plugin,
    name,
    schema,
    base,
    async refresh() {
      server.answers = [answer];
      server.asked.length = 0;
    },
    remove: () => server.stop(),
    keys: {
      maxConcurrent: {
        changed: 1,
        async look({ start, call }) {
          server.answers = [{ headers: dialect.headers, ending: "hang" }, answer];
          await start();
          void call("chat", hello);
          while (server.asked.length === 0) await new Promise<void>((resolve) => setImmediate(resolve));
          return await call("chat", hello);
        },
      },
      timeoutMs: { changed: 50, look: lookAtLate },
      silenceTimeoutMs: { changed: 50, look: lookAtLate },
      maxAnswerChars: {
        changed: 4,
        async look({ start, call }) {
          await start();
          return await call("chat", hello);
        },
      },
      model: { from: "a-model", changed: "another-model", look: lookAt(({ model }) => model) },
      baseUrl: {
        changed: "http://models.test:8080/v1",
        // In a program that reaches no server: where it wants to go.
        async look({ config }) {
          const proxy = await Proxy.start();
          const { stdout } = await runProgram(process.execPath, [program, name, JSON.stringify(config)], {
            env: { ...process.env, ...proxy.environment },
          });
          await proxy.stop();
          return [stdout, [...new Set(proxy.hosts)]];
        },
      },
      ...(embedded !== undefined && {
        embeddingModel: {
          changed: "another-model",
          async look({ start, call }: KeyRun) {
            server.answers = [{ headers: { "content-type": "application/json" }, parts: [embedded] }];
            await start();
            const outcome = await call("embed", { texts: ["a"] });
            return "code" in outcome ? outcome : (server.last.body as Config)["model"];
          },
        },
      }),
      ...keys(server),
    },
  };
}

async function* lateParts(dialect: Dialect): AsyncGenerator<string> {
  await new Promise<void>((resolve) => byDeadline(silenceMs, resolve));
  yield* dialect.events({ texts: ["hello"] });
}
