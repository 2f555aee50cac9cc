/**
 * A store as those see it who ask it: its calls with their types. What is written becomes text where it is asked for, and not in
 * the store's one thread; and writes that are asked for at once go to the store together, each still by itself kept or refused.
 */
import type { Context } from "../actor/context.ts";
import { type CallOptions, isRef, type Ref } from "../actor/ref.ts";
import { describe, RuntimeError } from "../errors.ts";
import type { PluginBus } from "../plugin/plugin-bus.ts";
import { pluginActorName } from "../plugin.ts";
import { type StorageCalls, storageCapability, type WriteCall, type WriteOutcome, writeCalls } from "./storage.ts";
import { jsonOf } from "./stored-value.ts";

/** `batch` is what it makes of single writes. */
export type StorageClient = {
  readonly [N in Exclude<keyof StorageCalls, "batch">]: (
    ...argument: Parameters<StorageCalls[N]>
  ) => Promise<ReturnType<StorageCalls[N]>>;
};

const readCalls = ["get", "list", "read", "lastSeq", "loadSnapshot", "getVector", "searchVectors"] as const;

/** One message to the store has no more, since its answer waits for all of them. */
const batchMax = 100;
const batchCharsMax = 262_144;
/** More goes by itself. */
const togetherCharsMax = 65_536;

type Ask = (call: string, argument: unknown) => Promise<unknown>;

interface Queued {
  readonly call: WriteCall;
  readonly argument: unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * @param asker a system, or the `ctx` of an actor: the writes are its own, and with it end those that have not left it.
 * @param store the name of a plugin, as `storage-sqlite`, or a ref to it.
 * @param options of each call: its time-out.
 * @throws RuntimeError `bad_argument`. Each call fails with what `Context.call` and the store fail with.
 */
export function storageOf(asker: Pick<Context, "call">, store: string | Ref, options?: CallOptions): StorageClient;
/** For a plugin that requires `storage`. @param asker its bus. */
export function storageOf(asker: Pick<PluginBus, "request">): StorageClient;
export function storageOf(
  asker: Pick<Context, "call"> | Pick<PluginBus, "request">,
  store?: string | Ref,
  options?: CallOptions,
): StorageClient {
  const ask = asked(asker, store, options);
  const writes = new WritesTogether(ask);
  return Object.fromEntries([
    ...readCalls.map((call) => [call, (argument: unknown) => ask(call, argument)]),
    ...writeCalls.map((call) => [call, (argument: unknown) => writes.write(call, argument)]),
  ]) as StorageClient;
}

function asked(
  asker: Pick<Context, "call"> | Pick<PluginBus, "request">,
  store: string | Ref | undefined,
  options: CallOptions | undefined,
): Ask {
  // Async: what is thrown at once is a failure of the call, too.
  if (!("call" in asker)) {
    if (store !== undefined)
      throw new RuntimeError(
        "bad_argument",
        `storageOf: a plugin reaches the one store that it requires, got ${describe(store)}`,
      );
    return async (call, argument) => await asker.request(storageCapability.name, call, argument);
  }
  if (!isRef(store) && (typeof store !== "string" || store === ""))
    throw new RuntimeError(
      "bad_argument",
      `storageOf: the store is the name of a plugin, or a ref, got ${describe(store)}`,
    );
  const target = isRef(store) ? store : pluginActorName(store as string);
  return async (call, argument) => await asker.call(target, call, argument, options);
}

class WritesTogether {
  readonly #ask: Ask;
  #queue: Queued[] = [];
  #chars = 0;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async write(call: WriteCall, given: unknown): Promise<unknown> {
    const text = asText(call, given);
    if (text === undefined || text.chars > togetherCharsMax) {
      // The order stays.
      this.#flush();
      return await this.#ask(call, text === undefined ? given : text.argument);
    }
    const { argument, chars } = text;
    return await new Promise((resolve, reject) => {
      if (this.#queue.length === 0) queueMicrotask(() => this.#flush());
      this.#queue.push({ call, argument, resolve, reject });
      this.#chars += chars;
      if (this.#queue.length >= batchMax || this.#chars >= batchCharsMax) this.#flush();
    });
  }

  #flush(): void {
    const queued = this.#queue;
    if (queued.length === 0) return;
    this.#queue = [];
    this.#chars = 0;
    const [first] = queued as [Queued];
    if (queued.length === 1) {
      this.#ask(first.call, first.argument).then(first.resolve, first.reject);
      return;
    }
    this.#ask(
      "batch",
      queued.map(({ call, argument }) => ({ call, argument })),
    ).then(
      (outcomes) => {
        for (const [at, outcome] of (outcomes as readonly WriteOutcome[]).entries())
          settle(queued[at] as Queued, outcome);
      },
      (error: unknown) => {
        for (const { reject } of queued) reject(error);
      },
    );
  }
}

function settle({ resolve, reject }: Queued, outcome: WriteOutcome): void {
  if ("error" in outcome) reject(new RuntimeError(outcome.error.code as never, outcome.error.message));
  else resolve(outcome.value);
}

/** An argument that holds no more than texts and numbers. */
interface Text {
  readonly argument: unknown;
  readonly chars: number;
}

/** Under which name a write has what is kept. */
const keptNames: Readonly<Record<string, string>> = {
  put: "value",
  append: "events",
  saveSnapshot: "state",
  snapshot: "state",
};
/** A write beside its text: its key, its names and numbers. */
const restChars = 100;

/** Undefined: it goes as it is given, also because the store is to say what is wrong with it. @throws RuntimeError `not_cloneable`. */
function asText(call: string, given: unknown): Text | undefined {
  if (call === "transact") return listAsText(given);
  if (typeof given !== "object" || given === null) return undefined;
  const name = keptNames[call];
  if (name === undefined) return isScalar(given) ? { argument: { ...given }, chars: restChars } : undefined;
  const { [name]: kept, ...rest } = given as Record<string, unknown>;
  if (kept === undefined || !isScalar(rest)) return undefined;
  const json = call === "append" ? textsOf(kept) : jsonOf(kept, call);
  if (json === undefined) return undefined;
  const chars = typeof json === "string" ? json.length : json.reduce((sum, text) => sum + text.length, 0);
  return { argument: { ...rest, json }, chars: chars + restChars };
}

function textsOf(events: unknown): string[] | undefined {
  if (!Array.isArray(events)) return undefined;
  const texts: string[] = [];
  // By number: a hole is undefined.
  for (let at = 0; at < events.length; at++) {
    const text = jsonOf(events[at], `append: events[${at}]`);
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return texts;
}

function listAsText(given: unknown): Text | undefined {
  if (!Array.isArray(given)) return undefined;
  const writes: unknown[] = [];
  let sum = 0;
  for (const one of given) {
    const type = (one as { readonly type?: unknown } | null | undefined)?.type;
    const text = typeof type === "string" && type !== "transact" ? asText(type, one) : undefined;
    if (text === undefined) return undefined;
    writes.push(text.argument);
    sum += text.chars;
  }
  return { argument: writes, chars: sum };
}

function isScalar(object: object): boolean {
  for (const value of Object.values(object)) {
    if (typeof value === "function" || typeof value === "symbol" || (typeof value === "object" && value !== null))
      return false;
  }
  return true;
}
