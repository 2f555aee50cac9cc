/** The side of a command: finds the program that is meant, and asks it. */
import { rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { RuntimeError, type RuntimeEvent, type ToolDelta } from "../../index.ts";
import { type AttachAnswer, type AttachedSystem, type AttachVerb, requestCharsMax } from "./attach-protocol.ts";
import { linesOf } from "./lines.ts";
import { socketFolder, socketsIn } from "./socket-folder.ts";

/** Time for a program to answer: a turn on its main thread may hold it for a while. */
const answerTimeoutMs = 20_000;
/** Time for one to say who it is: past that it counts as there, and under no name. */
const helloTimeoutMs = 2_000;

interface Pending {
  readonly onDelta: ((delta: ToolDelta) => void) | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class AttachClient implements Disposable {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  /** Called with each event once `watch` was asked for. */
  onEvent: (event: RuntimeEvent) => void = () => {};
  /** Called with how many events were left out, because they were read too slowly. */
  onMissed: (count: number) => void = () => {};
  /** Settles when the program is gone. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.on("close", () => {
      for (const { reject } of this.#pending.values()) reject(gone());
      this.#pending.clear();
      resolve();
    });
    void this.#read();
  }

  async #read(): Promise<void> {
    for await (const line of linesOf(this.#socket)) {
      const answer = answerOf(line);
      if (answer === undefined) break;
      this.#take(answer);
    }
    this.#socket.destroy();
  }

  /** @throws Error with a code: `ECONNREFUSED` when nobody listens there any more. */
  static async connect(path: string): Promise<AttachClient> {
    const socket = connect(path);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once("connect", resolve).once("error", reject);
    await promise;
    return new AttachClient(socket);
  }

  /** @throws Error with a code: the program's own; `noconnection` when it ends meanwhile; `timeout`. */
  async ask(request: AttachVerb, timeoutMs = answerTimeoutMs): Promise<unknown> {
    const { id, promise, reject } = this.#send(request);
    const late = setTimeout(() => {
      this.#pending.delete(id);
      reject(new RuntimeError("timeout", `the program did not answer within ${timeoutMs} ms: its main thread is held`));
    }, timeoutMs);
    try {
      return await promise;
    } finally {
      clearTimeout(late);
    }
  }

  /**
   * What a tool gives, as JSON in a text, however long that takes.
   * @throws as `ask`; with the signal's abort the tool's call is given up, and fails with `cancelled`.
   */
  async callTool(
    call: Omit<AttachVerb & { readonly verb: "callTool" }, "verb">,
    { signal, onDelta }: { readonly signal?: AbortSignal; readonly onDelta?: (delta: ToolDelta) => void } = {},
  ): Promise<string> {
    signal?.throwIfAborted();
    const { id, promise } = this.#send({ verb: "callTool", ...call }, onDelta);
    const giveUp = () => {
      if (!this.#socket.destroyed) this.#send({ verb: "giveUp", call: id }).promise.catch(() => {});
    };
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      return (await promise) as string;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  #send(request: AttachVerb, onDelta?: (delta: ToolDelta) => void) {
    if (this.#socket.destroyed) throw gone();
    const id = this.#nextId++;
    const line = JSON.stringify({ ...request, id });
    if (line.length > requestCharsMax)
      throw new RuntimeError(
        "bad_argument",
        `a request to a program has at most ${requestCharsMax} characters, got ${line.length}`,
      );
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(id, { onDelta, resolve, reject });
    this.#socket.write(`${line}\n`);
    return { id, promise, reject };
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(answer: AttachAnswer): void {
    if ("event" in answer) return this.onEvent(answer.event);
    if ("missed" in answer) return this.onMissed(answer.missed);
    const pending = this.#pending.get(answer.id);
    if ("delta" in answer) return pending?.onDelta?.(answer.delta);
    this.#pending.delete(answer.id);
    if (answer.ok) pending?.resolve(answer.value);
    // A code of the program's own passes as it is.
    else pending?.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
  }
}

/** A program that runs, and the line to it. */
export interface Attached {
  readonly system: AttachedSystem;
  readonly client: AttachClient;
}

/** Every program of this user that runs. A socket that nobody listens at is taken away. */
export async function attachToAll(): Promise<readonly Attached[]> {
  const attached = await Promise.all(
    [...socketsIn(socketFolder())].map(async ([pid, path]) => {
      try {
        const client = await AttachClient.connect(path);
        return { client, system: await helloOf(client, pid) };
      } catch (error) {
        // Any other error is none of the program's, which may well run.
        if ((error as { readonly code?: unknown }).code === "ECONNREFUSED") rmSync(path, { force: true });
        return undefined;
      }
    }),
  );
  return attached.filter((one) => one !== undefined);
}

/** One that is held, or ends meanwhile, is there all the same. */
async function helloOf(client: AttachClient, pid: number): Promise<AttachedSystem> {
  try {
    return (await client.ask({ verb: "hello" }, helloTimeoutMs)) as AttachedSystem;
  } catch {
    return { pid, name: "does not answer" };
  }
}

/**
 * The program that `--system` means, by process id or name; without it the only one that runs. Undefined: none runs.
 * @throws RuntimeError `bad_argument` when it is not clear which.
 */
export async function attach(wanted: string | undefined): Promise<Attached | undefined> {
  const all = await attachToAll();
  const meant = wanted === undefined ? all : all.filter(({ system }) => isMeant(system, wanted));
  for (const one of all) if (meant.length !== 1 || one !== meant[0]) one.client[Symbol.dispose]();
  if (meant.length === 1) return meant[0];
  const running = all.map(({ system: { pid, name } }) => `${pid} (${name})`).join(", ");
  if (meant.length > 1)
    throw new RuntimeError("bad_argument", `several programs run: say which with --system: ${running}`);
  if (wanted !== undefined && all.length > 0)
    throw new RuntimeError("bad_argument", `--system ${wanted}: no such program runs; there are ${running}`);
  return undefined;
}

function isMeant({ pid, name }: AttachedSystem, wanted: string): boolean {
  return String(pid) === wanted || name === wanted;
}

/** Undefined: it is none, so whoever is there is no program of this runtime. */
function answerOf(line: string): AttachAnswer | undefined {
  try {
    return JSON.parse(line) as AttachAnswer;
  } catch {
    return undefined;
  }
}

function gone(): Error {
  return Object.assign(new Error("the program has ended"), { code: "noconnection" });
}
