/**
 * A running program's side: answers whoever attaches to its socket. What goes wrong with one that is attached concerns
 * nobody else, and a program that cannot open its socket runs all the same, and says so.
 */
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { MofaSystem, RuntimeEvent } from "../../index.ts";
import { type AttachAnswer, type AttachRequest, requestCharsMax } from "./attach-protocol.ts";
import { AttachedVerbs, isVerb, targetOf } from "./attached-verbs.ts";
import { jsonText, tellable } from "./json-text.ts";
import { linesOf } from "./lines.ts";
import { Restarts } from "./restarts.ts";
import { openSocketFolder, socketFolder } from "./socket-folder.ts";
import { ToolCalls } from "./tool-calls.ts";
import { Tracings } from "./tracings.ts";

/** Bytes of events that may wait for one that reads too slowly; past that events are dropped for it, and counted. */
const backlogMax = 4 * 2 ** 20;

export class AttachServer implements Disposable {
  readonly #system: MofaSystem;
  readonly #name: string;
  readonly #restarts: Restarts;
  readonly #tracings: Tracings;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #path: string;

  private constructor(system: MofaSystem, name: string, path: string) {
    this.#system = system;
    this.#name = name;
    this.#restarts = new Restarts(system);
    this.#tracings = new Tracings(system);
    this.#path = path;
    this.#server = createServer((socket) => this.#attach(socket));
    // It keeps no program from ending.
    this.#server.unref();
  }

  /** Listens at this process's socket. `say` gets the one line that says why it does not. */
  static open(system: MofaSystem, name: string, say: (line: string) => void): AttachServer | undefined {
    try {
      const path = join(openSocketFolder(socketFolder()), `${process.pid}.sock`);
      // Left behind by a process of this id that was killed.
      rmSync(path, { force: true });
      const server = new AttachServer(system, name, path);
      server.#server.on("error", (error) => say(`nobody can attach to it: ${error.message}`));
      server.#server.listen(path);
      return server;
    } catch (error) {
      say(`nobody can attach to it: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    this.#restarts[Symbol.dispose]();
    rmSync(this.#path, { force: true });
  }

  #attach(socket: Socket): void {
    this.#sockets.add(socket);
    socket.unref();
    const unwatch: (() => void | Promise<void>)[] = [];
    socket.on("close", () => {
      this.#sockets.delete(socket);
      for (const stop of unwatch) void stop();
    });
    void this.#serve(socket, unwatch);
  }

  /** One request after the other, so that nobody can ask for more than is read; calls of tools, which may take long, beside one another. */
  async #serve(socket: Socket, unwatch: (() => void | Promise<void>)[]): Promise<void> {
    const verbs = new AttachedVerbs(this.#system, this.#name, this.#restarts);
    const calls = new ToolCalls(this.#system);
    unwatch.push(() => calls.giveUpAll());
    for await (const line of linesOf(socket, requestCharsMax)) {
      const request = requestOf(line);
      // What is no request has no id to be answered by.
      if (request === undefined) break;
      // What is left of a line that was closed: whoever has asked for it is gone.
      if (socket.destroyed) break;
      if (request.verb === "watch") unwatch.push(this.#watch(socket, request));
      else if (request.verb === "trace") {
        const begun = this.#trace(socket, request);
        unwatch.push(async () => (await begun)());
      } else if (request.verb === "callTool") callTool(socket, calls, request);
      else if (request.verb === "giveUp")
        write(socket, { id: request.id, ok: true, value: calls.giveUp(request.call) });
      else await answer(socket, verbs, request);
      if (socket.writableLength >= backlogMax) await hasRoom(socket);
    }
    socket.destroy();
  }

  #watch(socket: Socket, { id, types }: AttachRequest & { readonly verb: "watch" }): () => void {
    const tell = teller(socket);
    const stops: (() => void)[] = [];
    try {
      for (const type of types) stops.push(this.#system.events.on(type, tell));
      write(socket, { id, ok: true, value: null });
    } catch (error) {
      refuse(socket, id, error);
    }
    return () => {
      for (const stop of stops) stop();
    };
  }

  async #trace(socket: Socket, { id, target }: AttachRequest & { readonly verb: "trace" }): Promise<() => void> {
    try {
      const end = await this.#tracings.begin(targetOf(target), teller(socket));
      write(socket, { id, ok: true, value: null });
      return end;
    } catch (error) {
      refuse(socket, id, error);
      return () => {};
    }
  }
}

/** Tells events to one that is attached, but for those that it would read too slowly. */
function teller(socket: Socket): (event: RuntimeEvent) => void {
  let missed = 0;
  return (event) => {
    if (socket.writableLength >= backlogMax) {
      missed++;
      return;
    }
    if (missed > 0) write(socket, { missed });
    missed = 0;
    try {
      writeValues(socket, { event });
    } catch {
      missed++;
    }
  };
}

/** Resolves when what was written has been read, or there is nobody any more who does. */
async function hasRoom(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("drain", resolve).once("close", resolve);
  if (socket.destroyed) return;
  await promise;
  socket.off("drain", resolve).off("close", resolve);
}

async function answer(socket: Socket, verbs: AttachedVerbs, request: AttachRequest): Promise<void> {
  try {
    const value = (await verbs.answer(request)) ?? null;
    const hasValues = request.verb === "getState";
    (hasValues ? writeValues : write)(socket, { id: request.id, ok: true, value });
  } catch (error) {
    refuse(socket, request.id, error);
  }
}

function callTool(socket: Socket, calls: ToolCalls, request: AttachRequest & { readonly verb: "callTool" }): void {
  const { id } = request;
  calls.begin(
    request,
    (delta) => {
      if (delta.type === "approval") write(socket, { id, delta });
      // One that reads too slowly misses how far it is, and nothing else.
      else if (socket.writableLength < backlogMax)
        write(socket, { id, delta: { ...delta, data: tellable(delta.data) } });
    },
    (outcome) => {
      if ("json" in outcome) write(socket, { id, ok: true, value: outcome.json });
      else refuse(socket, id, outcome.error);
    },
  );
}

function write(socket: Socket, answer: AttachAnswer): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
}

/** The same with values of the program's own. Not for every answer: ten thousand actors take ten times as long. */
function writeValues(socket: Socket, answer: AttachAnswer): void {
  if (!socket.destroyed) socket.write(`${jsonText(answer)}\n`);
}

function refuse(socket: Socket, id: number, error: unknown): void {
  const { code = "failed", message } = error as { readonly code?: string; readonly message: string };
  write(socket, { id, ok: false, error: { code, message } });
}

function requestOf(line: string): AttachRequest | undefined {
  try {
    const request: unknown = JSON.parse(line);
    const isOne =
      typeof request === "object" && request !== null && "id" in request && "verb" in request && isVerb(request.verb);
    // Who may connect may do everything: what else it says is checked by the verbs themselves.
    return isOne ? (request as AttachRequest) : undefined;
  } catch {
    return undefined;
  }
}
