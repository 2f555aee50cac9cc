/**
 * A child that does what the test says. All simulated threads share this module, so the script and what the children
 * did are plain objects, found by the number of their world.
 */
import { type Context, defineActor, type ExitReason, isRef, type Ref, refKey } from "../../core/index.ts";

/** How a start ends. */
export type StartScript = "ok" | "ignore" | "throw" | "hang" | { readonly stop: ExitReason };

export interface ChildArgument {
  readonly world: number;
  readonly id: string;
  readonly trap?: boolean;
  readonly extra?: unknown;
}

export interface ChildCommand {
  readonly do: "exit" | "throw" | "unlink" | "trap" | "linkTo";
  readonly reason?: ExitReason;
  readonly ref?: Ref;
}

/** What the children of one test do and did. */
export class World {
  readonly number: number;
  /** Starts that were asked for, in order: ids. */
  readonly starts: string[] = [];
  /** Starts and ends of actors that had started well, in order: `start a`, `end a shutdown`. */
  readonly trace: string[] = [];
  /** Keys of refs whose start did not end well. */
  readonly unborn = new Set<string>();
  /** What the next starts of an id do; then `ok`. */
  readonly script = new Map<string, StartScript[]>();
  /** Ids of all actors ever started, by ref key. */
  readonly ids = new Map<string, string>();
  /** Arguments of the starts, by id. */
  readonly arguments = new Map<string, unknown>();
  /** A trapping child that got an exit: what it does. Default: it ends with that reason. */
  onExit: (id: string, reason: ExitReason, ctx: Context) => void = (_id, reason, ctx) => ctx.stop(reason);

  constructor(number: number) {
    this.number = number;
  }

  /** The next starts of this child end like this. */
  next(id: string, ...scripts: StartScript[]): void {
    this.script.set(id, [...(this.script.get(id) ?? []), ...scripts]);
  }
}

const worlds = new Map<number, World>();

export function newWorld(): World {
  const world = new World(worlds.size);
  worlds.set(world.number, world);
  return world;
}

const never = new Promise<never>(() => undefined);

/** What a template makes of `startChild(extra)`: the pair, or its own argument alone. A text names the child. */
function childArgument(given: ChildArgument | readonly [ChildArgument, unknown]): ChildArgument {
  if (!Array.isArray(given)) return given as ChildArgument;
  const [shared, extra] = given as readonly [ChildArgument, unknown];
  return { ...shared, extra, ...(typeof extra === "string" && { id: extra }) };
}

interface ChildState {
  readonly world: World;
  readonly id: string;
}

export const scriptedChild = defineActor({
  name: "scriptedChild",
  module: import.meta.url,
  init: (given: ChildArgument | readonly [ChildArgument, unknown], ctx): ChildState | Promise<never> => {
    const argument = childArgument(given);
    const world = worlds.get(argument.world);
    if (world === undefined) throw new Error(`no world ${argument.world}`);
    const { id } = argument;
    world.starts.push(id);
    world.trace.push(`start ${id}`);
    world.ids.set(refKey(ctx.self), id);
    world.arguments.set(id, given);
    if (argument.trap === true) ctx.trapExit(true);
    const script = world.script.get(id)?.shift() ?? "ok";
    if (script !== "ok") world.unborn.add(refKey(ctx.self));
    if (script === "throw") throw new Error(`${id} cannot start`);
    if (script === "hang") return never;
    if (script === "ignore") ctx.ignore();
    else if (script !== "ok") ctx.stop(script.stop);
    return { world, id };
  },
  receive: (state: ChildState, message: unknown, ctx) => {
    const { type, reason } = message as { type?: string; reason: ExitReason };
    if (type === "exit") {
      state.world.onExit(state.id, reason, ctx);
      return;
    }
    const command = message as ChildCommand;
    switch (command.do) {
      case "exit":
        ctx.stop(command.reason ?? "normal");
        break;
      case "throw":
        throw new Error(`${state.id} failed`);
      case "unlink":
        if (ctx.parent !== undefined) ctx.unlink(ctx.parent);
        break;
      case "trap":
        ctx.trapExit(true);
        break;
      case "linkTo":
        if (isRef(command.ref)) ctx.link(command.ref);
        break;
    }
  },
});
