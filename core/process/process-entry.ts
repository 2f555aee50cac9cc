/** What an actor's process runs. Started by `child-process.ts`, with the sockets to main in `fds`. */
import { startLink } from "./link.ts";

// The link starts while the rest is loaded.
startLink();
const { ProcessActor } = await import("./process-actor.ts");
const { callerStack } = await import("../caller-stack.ts");
const { exitCodeOf } = await import("../exit-code.ts");

const exit = process.exit.bind(process);
const actor = new ProcessActor(exit);
const { line } = actor;

// The terminal tells Ctrl-C to everybody; whether this actor ends is main's to say.
process.on("SIGINT", () => {});

let isExiting = false;
process.exit = (...args: readonly unknown[]): never => {
  const code = exitCodeOf(args);
  // Main learns of it first, and of all that was sent before.
  if (!isExiting) {
    isExiting = true;
    line.ask("processExit", [code, callerStack()]);
  }
  return exit(code);
};

process.on("unhandledRejection", (error: unknown) => actor.unhandled(error));
process.on("uncaughtException", (error: unknown) => actor.unhandled(error));

line.say({ type: "ready" });
