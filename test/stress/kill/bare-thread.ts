/**
 * A thread without a kernel: it loops in one named place until it is cut, and then tells what is left of it.
 *
 * Used to see where a termination may land: in Node's callbacks of all kinds, in the first touch of a lazy global, in
 * a module's top level, in native code.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { pbkdf2Sync } from "node:crypto";
import { Session } from "node:inspector";
import { MessageChannel, parentPort, workerData } from "node:worker_threads";
import { touchLazyGlobals } from "./spike-warm.ts";
import { openWords, word } from "./spike-words.ts";

export type Place =
  | "port"
  | "microtask"
  | "nextTick"
  | "timeout"
  | "immediate"
  | "asyncLocalStorage"
  | "eventTarget"
  | "regex"
  | "atomicsWait"
  | "pbkdf2"
  | "bigint"
  | "module"
  | { readonly global: string };

export interface BareData {
  readonly words: SharedArrayBuffer;
  readonly place: Place;
  readonly warm: boolean;
}

export interface BareReport {
  /** Witnesses of each kind that ran after the cut, of two that were queued. */
  readonly ran: Readonly<Record<string, number>>;
  readonly caught: number;
  /** Frames of Node itself above the place that was cut. */
  readonly nodeFrames: number;
  readonly isGlobalBroken: boolean;
  /** What became of imports after the cut: "loaded", "pending" or an error. */
  readonly imports: Readonly<Record<string, string>>;
}

const data = workerData as BareData;
if (parentPort === null) throw new Error("a worker");
const parent = parentPort;
const { ints } = openWords(data.words);
const session = new Session();
session.connect();
const channel = new MessageChannel();
const ran: Record<string, number> = {};
const imports: Record<string, string> = {};
let caught = 0;
let nodeFrames = 0;
let isInPlace = false;
let isCut = false;

function witness(kind: string): () => void {
  ran[kind] ??= 0;
  return () => {
    ran[kind] = (ran[kind] ?? 0) + 1;
  };
}

/** Two of each kind, queued before the loop. */
function queueWitnesses(): void {
  for (let at = 0; at < 2; at++) {
    queueMicrotask(witness("microtasks"));
    process.nextTick(witness("ticks"));
    setImmediate(witness("immediates"));
    setTimeout(witness("timers"), 1);
    channel.port2.postMessage("witness");
  }
}

function loop(): void {
  try {
    begin();
    for (;;);
  } finally {
    caught++;
  }
}

function begin(): void {
  isInPlace = true;
  Atomics.store(ints, word.loopSlot, 1);
}

function spikeKill(): string {
  if (!isInPlace || isCut) return "gone";
  isCut = true;
  ints[word.loopSlot] = 0;
  Error.stackTraceLimit = 100;
  const frames = (new Error("cut").stack ?? "").split("\n").slice(3);
  const user = frames.findIndex((frame) => frame.includes("bare-thread") && !frame.includes("spikeKill"));
  nodeFrames = frames.slice(0, Math.max(0, user)).filter((frame) => frame.includes("node:")).length;
  channel.port2.postMessage("recovered");
  session.post("Runtime.terminateExecution");
  return "killed";
}

Object.assign(globalThis, { spikeKill, spikeLoop: loop });

async function load(name: string, url: string): Promise<void> {
  imports[name] = "pending";
  try {
    await import(url);
    imports[name] = "loaded";
  } catch (error) {
    imports[name] = String(error);
  }
}

const loopingModule = new URL("./looping-module.js", import.meta.url).href;

function runIn(place: Place): void {
  const storage = new AsyncLocalStorage<number>();
  const target = new EventTarget();
  if (typeof place === "object") {
    queueWitnesses();
    begin();
    Reflect.get(globalThis, place.global);
    for (;;);
  }
  switch (place) {
    case "port":
      queueWitnesses();
      loop();
      return;
    case "asyncLocalStorage":
      queueWitnesses();
      storage.run(1, loop);
      return;
    case "eventTarget":
      queueWitnesses();
      target.addEventListener("go", loop);
      target.dispatchEvent(new Event("go"));
      return;
    case "regex":
      queueWitnesses();
      begin();
      /^(a+)+$/.test(`${"a".repeat(60)}b`);
      return;
    case "atomicsWait":
      queueWitnesses();
      begin();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return;
    case "pbkdf2":
      // Once beforehand, so that the request cannot arrive before the native part.
      pbkdf2Sync("password", "salt", 1, 64, "sha512");
      begin();
      pbkdf2Sync("password", "salt", 2_000_000, 64, "sha512");
      return;
    case "bigint":
      begin();
      (3n ** 12_000_000n).toString();
      return;
    case "microtask":
      queueMicrotask(loop);
      queueWitnesses();
      return;
    case "nextTick":
      process.nextTick(loop);
      queueWitnesses();
      return;
    case "timeout":
      setTimeout(loop, 1);
      queueWitnesses();
      return;
    case "immediate":
      setImmediate(loop);
      queueWitnesses();
      return;
    case "module":
      queueWitnesses();
      void load("first", loopingModule);
      return;
  }
}

/** A broken global is undefined or throws when it is read. */
function isGlobalBroken(name: string): boolean {
  try {
    return Reflect.get(globalThis, name) === undefined;
  } catch {
    return true;
  }
}

channel.port1.on("message", (what: string) => {
  if (what === "witness") witness("portMessages")();
  else if (what === "run") runIn(data.place);
  else {
    for (let at = 0; at < 2; at++) {
      queueMicrotask(witness("freshMicrotasks"));
      process.nextTick(witness("freshTicks"));
      setImmediate(witness("freshImmediates"));
      setTimeout(witness("freshTimers"), 1);
    }
    parent.postMessage("recovered");
  }
});

parent.on("message", (what: string) => {
  if (what === "start") {
    channel.port2.postMessage("run");
  } else if (what === "imports") {
    // None of them is awaited: the first two are expected to stay pending.
    void load("again", loopingModule);
    void load("importer", new URL("./looping-importer.js", import.meta.url).href);
    void load("sameWithQuery", `${loopingModule}?again`);
    void load("other", "data:text/javascript,export default 1");
    void load("node", "node:readline");
  } else {
    const broken = typeof data.place === "object" && isGlobalBroken(data.place.global);
    parent.postMessage({ ran, caught, nodeFrames, isGlobalBroken: broken, imports } satisfies BareReport);
  }
});

if (data.warm) await touchLazyGlobals();
parent.postMessage("ready");
