/**
 * One process of the operating system and the sockets to it: start, frames, heartbeat, and how it came to its end.
 */
import { type ChildProcess as NodeChild, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { afterMs, byDeadline } from "../clock.ts";
import { RuntimeError } from "../errors.ts";
import { flagsForWorkers } from "../thread/worker-flags.ts";
import { abortStack, ErrorOutput, isHeapFull } from "./error-output.ts";
import { FrameReader, frameOf } from "./frames.ts";
import { standardError, standardOutput } from "./outlet.ts";
import { type Answer, fds, type ToProcess } from "./protocol.ts";

/** Between two heartbeats, at most. */
const heartbeatMs = 1_000;
/** Heartbeats within the time that a process has to answer one. */
const heartbeatsMin = 5;
/** What a heartbeat is made of. */
const beatBytes = Uint8Array.of(1);
/** After the process is gone, time for what it had written to come in. */
const restMs = 1_000;

export interface ProcessOptions {
  /** Old generation of V8 in MiB; undefined: V8's default. */
  readonly heapMb: number | undefined;
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** Time without an answer to a heartbeat before the process is killed. */
  readonly heartbeatTimeoutMs: number;
  /** Longest frame on either way; see `frames.ts`. */
  readonly frameBytesMax: number;
}

/** How a process ended. */
export interface ProcessEnd {
  /** Its exit code, unless a signal ended it. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** V8 said that its heap is full. */
  readonly isOutOfMemory: boolean;
  /** It did not answer its heartbeat, and was killed for it. */
  readonly isSilent: boolean;
  /** It wrote what is no word of the runtime, and was killed for it: what that was. */
  readonly breach: string | undefined;
  /** It never began. */
  readonly error: unknown;
  /** Where it was when V8 aborted it. */
  readonly stack: string | undefined;
}

export class ChildProcess {
  readonly #child: NodeChild | undefined;
  readonly #turns: Socket | undefined;
  readonly #verbs: Socket | undefined;
  readonly #heartbeat: Socket | undefined;
  readonly #options: ProcessOptions;
  readonly #ended: (end: ProcessEnd) => void;
  #cancelHeartbeat: (() => void) | undefined;
  #cancelRest: (() => void) | undefined;
  /** Heartbeats in a row that were not answered. */
  #missed = 0;
  #isSilent = false;
  #breach: string | undefined;
  /** It has closed one of its sockets: nothing can be said to it any more, or nothing heard. */
  #isDeaf = false;
  #error: unknown;
  #errorOutput: ErrorOutput | undefined;
  #exit: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  #isAllRead = false;
  #isOver = false;

  /**
   * @param take gets the body of each frame; what it throws ends the process, as a breach
   * @param ended is called once, when the process is gone and all that it had written was taken
   */
  constructor(
    options: ProcessOptions,
    take: (body: Uint8Array<ArrayBuffer>) => void,
    ended: (end: ProcessEnd) => void,
  ) {
    this.#options = options;
    this.#ended = ended;
    const heap = options.heapMb === undefined ? [] : [`--max-old-space-size=${Math.floor(options.heapMb)}`];
    const entry = new URL("./process-entry.js", import.meta.url);
    try {
      this.#child = spawn(
        process.execPath,
        [...flagsForWorkers(process.execArgv), "--disable-warning=ExperimentalWarning", ...heap, fileURLToPath(entry)],
        { env: options.env, stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "pipe"], windowsHide: true },
      );
    } catch (error) {
      // Refused by the permission model, say. Told as any other end: the caller has nothing in hand yet.
      this.#error = error;
      this.#isAllRead = true;
      queueMicrotask(() => this.#gone(null, null));
      return;
    }
    const child = this.#child;
    child.on("error", (error) => {
      this.#error ??= error;
      if (child.pid !== undefined) return;
      this.#isAllRead = true;
      this.#gone(null, null);
    });
    child.on("exit", (code, signal) => this.#gone(code, signal));
    // Not before: why V8 aborted stands on the error output, and what was sent on the socket.
    child.on("close", () => {
      this.#isAllRead = true;
      this.#end();
    });
    const { stdout } = child;
    stdout?.on("data", (chunk: Buffer) => standardOutput.pass(stdout, chunk));
    this.#errorOutput = child.stderr === null ? undefined : new ErrorOutput(child.stderr);
    this.#turns = socketOf(child, fds.turns);
    this.#verbs = socketOf(child, fds.verbs);
    this.#heartbeat = socketOf(child, fds.heartbeat);
    const reader = new FrameReader(take, options.frameBytesMax);
    this.#verbs?.on("data", (chunk: Buffer) => this.#read(reader, chunk));
    for (const socket of [this.#turns, this.#verbs]) {
      socket?.on("close", () => {
        this.#isDeaf = true;
      });
    }
    this.#heartbeat?.on("data", () => {
      if (!this.#isDeaf) this.#missed = 0;
    });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whatever its code wrote there concerns main no more than its end does. */
  #read(reader: FrameReader, chunk: Buffer): void {
    if (this.#breach !== undefined) return;
    try {
      reader.push(chunk);
    } catch (error) {
      this.#breach = error instanceof Error ? error.message : String(error);
      this.kill();
    }
  }

  /**
   * A word as it is written.
   * @param what is said by it, for the message to people
   * @throws RuntimeError `message_too_large`.
   */
  frame(word: ToProcess | Answer, what: string): Uint8Array {
    return frameOf(word, this.#options.frameBytesMax, what);
  }

  /** @param frame of a `ToProcess` */
  say(frame: Uint8Array): void {
    this.#write(this.#turns, frame);
  }

  /** @param frame of an `Answer` */
  answer(frame: Uint8Array): void {
    this.#write(this.#verbs, frame);
  }

  #write(socket: Socket | undefined, bytes: Uint8Array): void {
    if (this.#exit === undefined && socket?.writable === true) socket.write(bytes);
  }

  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  /** Asks the process for signs of life from now on. */
  watch(): void {
    const { heartbeatTimeoutMs } = this.#options;
    if (heartbeatTimeoutMs === Number.POSITIVE_INFINITY) return;
    const periodMs = Math.min(heartbeatMs, heartbeatTimeoutMs / heartbeatsMin);
    // In heartbeats and not by the clock: while main was blocked it could hear none.
    const missedMax = Math.ceil(heartbeatTimeoutMs / periodMs);
    const beat = () => {
      if (this.#exit !== undefined) return;
      if (this.#missed >= missedMax) {
        this.#isSilent = true;
        this.kill();
        return;
      }
      this.#missed++;
      this.#write(this.#heartbeat, beatBytes);
      this.#cancelHeartbeat = byDeadline(periodMs, beat);
    };
    beat();
  }

  #gone(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#exit !== undefined) return;
    this.#exit = { code, signal };
    const { stdout, stderr } = this.#child ?? {};
    if (stdout) standardOutput.hurry(stdout);
    if (stderr) standardError.hurry(stderr);
    this.#cancelHeartbeat?.();
    // Whoever inherited its outputs may hold them open.
    this.#cancelRest = afterMs(restMs, () => {
      this.#isAllRead = true;
      this.#end();
    });
    this.#end();
  }

  #end(): void {
    if (this.#isOver || this.#exit === undefined || !this.#isAllRead) return;
    this.#isOver = true;
    this.#cancelRest?.();
    const { stdout, stderr } = this.#child ?? {};
    if (stdout) standardOutput.calm(stdout);
    if (stderr) standardError.calm(stderr);
    for (const socket of [this.#turns, this.#verbs, this.#heartbeat]) socket?.destroy();
    const { code, signal } = this.#exit;
    const lastWords = this.#errorOutput?.lastWords(signal);
    this.#ended({
      code: code ?? undefined,
      signal: signal ?? undefined,
      isOutOfMemory: isHeapFull(lastWords),
      isSilent: this.#isSilent,
      breach: this.#breach,
      error: this.#error,
      stack: lastWords === undefined ? undefined : abortStack(lastWords),
    });
  }
}

/** One of the process's sockets to main. The cast is sound: a stream beyond the third is a pipe both ways, which Node makes a socket. */
function socketOf(child: NodeChild, fd: number): Socket | undefined {
  const socket = child.stdio[fd] as Socket | undefined;
  socket?.on("error", () => {
    // Broken by the end of the process, which is told by itself.
  });
  return socket;
}

/** Why no process began, and what to do. */
export function processFailed(error: unknown): RuntimeError {
  const message = error instanceof Error ? error.message : String(error);
  const remedy =
    (error as { code?: unknown })?.code === "ERR_ACCESS_DENIED" ? "; start this one with --allow-child-process" : "";
  return new RuntimeError("process_failed", `the actor's process could not be started: ${message}${remedy}`, {
    cause: error,
  });
}
