/**
 * A store as those see it who ask it: its calls with their types. What is written becomes text where it is asked for, and not in
 * the store's one thread, and is read where it is wanted; and what is asked for at once goes together, each still for itself.
 */
import type { Context } from "../actor/context.ts";
import { type CallOptions, isRef, type Ref } from "../actor/ref.ts";
import { describe, type ErrorCode, RuntimeError } from "../errors.ts";
import type { PluginBus } from "../plugin/plugin-bus.ts";
import { pluginActorName } from "../plugin.ts";
import { isName } from "./checked-values.ts";
import {
  type ReadOutcome,
  type StorageCalls,
  storageCapability,
  type WriteCall,
  type WriteOutcome,
  writeCalls,
} from "./storage.ts";
import { valueOfJson } from "./stored-value.ts";
import { type Queued, Together } from "./together.ts";
import { asText } from "./write-text.ts";

/** `batch` and `getBatch` are what it makes of single calls. */
export type StorageClient = {
  readonly [N in Exclude<keyof StorageCalls, "batch" | "getBatch">]: (
    ...argument: Parameters<StorageCalls[N]>
  ) => Promise<ReturnType<StorageCalls[N]>>;
};

const readCalls = ["list", "read", "lastSeq", "loadSnapshot", "getVector", "searchVectors"] as const;

/** More goes by itself. */
const togetherCharsMax = 65_536;

type Ask = (call: string, argument: unknown) => Promise<unknown>;

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
  const writes = new Together<Write>((queued) => sendWrites(ask, queued));
  const gets = new Together<string>((queued) => sendGets(ask, queued));
  return Object.fromEntries([
    ...readCalls.map((call) => [call, (argument: unknown) => ask(call, argument)]),
    ...writeCalls.map((call) => [call, (argument: unknown) => write(ask, writes, call, argument)]),
    // A key that is none goes alone, for the store to say so.
    ["get", (key: unknown) => (isName(key) ? gets.add(key, key.length) : ask("get", key))],
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

interface Write {
  readonly call: WriteCall;
  readonly argument: unknown;
}

async function write(ask: Ask, writes: Together<Write>, call: WriteCall, given: unknown): Promise<unknown> {
  const text = asText(call, given);
  if (text !== undefined && text.chars <= togetherCharsMax)
    return await writes.add({ call, argument: text.argument }, text.chars);
  // The order stays.
  writes.flush();
  return await ask(call, text === undefined ? given : text.argument);
}

function sendWrites(ask: Ask, queued: readonly Queued<Write>[]): void {
  const [{ item, resolve, reject }] = queued as readonly [Queued<Write>];
  if (queued.length === 1) ask(item.call, item.argument).then(resolve, reject);
  else
    answered(queued, ask("batch", itemsOf(queued)), (one, outcome: WriteOutcome) => {
      if ("error" in outcome) one.reject(errorOf(outcome.error));
      else one.resolve(outcome.value);
    });
}

function sendGets(ask: Ask, queued: readonly Queued<string>[]): void {
  const [{ item, resolve, reject }] = queued as readonly [Queued<string>];
  if (queued.length === 1) ask("get", item).then(resolve, reject);
  else answered(queued, ask("getBatch", itemsOf(queued)), (one, outcome: ReadOutcome) => settleGet(ask, one, outcome));
}

function settleGet(ask: Ask, { item, resolve, reject }: Queued<string>, outcome: ReadOutcome): void {
  if ("error" in outcome) reject(errorOf(outcome.error));
  else if ("isLeftOut" in outcome) ask("get", item).then(resolve, reject);
  else if ("entry" in outcome) resolve(outcome.entry);
  else {
    const { json, ...rest } = outcome.text;
    try {
      resolve({ ...rest, value: valueOfJson(json, `the value of "${item}"`) });
    } catch (error) {
      reject(error);
    }
  }
}

function itemsOf<T>(queued: readonly Queued<T>[]): T[] {
  return queued.map(({ item }) => item);
}

/** To each its own of the answer; a failure of all is one of each. */
function answered<T, O extends object>(
  queued: readonly Queued<T>[],
  answer: Promise<unknown>,
  settle: (one: Queued<T>, outcome: O) => void,
): void {
  answer
    .then((outcomes) => {
      for (const [at, one] of queued.entries()) settle(one, outcomeAt(outcomes, at));
    })
    // Those that are settled stay so.
    .catch((error: unknown) => {
      for (const { reject } of queued) reject(error);
    });
}

function outcomeAt<O extends object>(outcomes: unknown, at: number): O {
  const outcome: unknown = Array.isArray(outcomes) ? outcomes[at] : undefined;
  if (typeof outcome === "object" && outcome !== null) return outcome as O;
  throw new RuntimeError(
    "storage_failed",
    `a batch is answered by a list with an outcome for each, got ${describe(outcomes)}: is that a store?`,
  );
}

function errorOf({ code, message }: { readonly code: string; readonly message: string }): RuntimeError {
  return new RuntimeError(code as ErrorCode, message);
}
