/** What an actor's process runs. Started by `child-process.ts`, with the sockets to main in `fds`. */
import { startLink } from "./link.ts";

// The link starts while the rest is loaded.
startLink();
const { ProcessActor } = await import("./process-actor.ts");
const { errorData } = await import("../errors.ts");
const { callerStack } = await import("../caller-stack.ts");

const exit = process.exit.bind(process);
const { line } = new ProcessActor(exit);

// The terminal tells Ctrl-C to everybody; whether this actor ends is main's to say.
process.on("SIGINT", () => {});

let isExiting = false;
process.exit = ((code?: number | string | null): never => {
  // Main learns of it first, and of all that was sent before.
  if (!isExiting) {
    isExiting = true;
    line.ask("processExit", [Number(code ?? process.exitCode ?? 0), callerStack()]);
  }
  return exit(code);
}) as typeof process.exit;

process.on("unhandledRejection", (error: unknown) => line.say({ type: "unhandled", error: errorData(error) }));
process.on("uncaughtException", (error: unknown) => line.say({ type: "unhandled", error: errorData(error) }));

line.say({ type: "ready" });
