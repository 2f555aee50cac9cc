/**
 * The frames of a stack that are the program's: those of the runtime and of Node say nothing to who wrote it, and bury the others.
 */

/** The built folders of the runtime, and what calls its commands. The examples are programs like any other. */
const own = [
  ...["core/", "supervisors/", "cli/", "mofa-system."].map((path) => new URL(`../${path}`, import.meta.url).href),
  "/node_modules/commander/",
];

/** A frame as V8 has it in an error's stack, and in the last words of a process. */
const frame = /^(?:\s+at|\d+:) /;

/** Whether a line of a stack is no frame of the runtime's or Node's. */
function isOfProgram(line: string): boolean {
  return !frame.test(line) || !(own.some((part) => line.includes(part)) || /\(?node:[\w/]+:\d+/.test(line));
}

/** An error's stack, or any text with frames, without those that are not the program's. */
export function programStack(stack: string): string {
  return stack.split("\n").filter(isOfProgram).join("\n");
}

/** The frames of the program alone, each with a line break before it; empty where there is none. */
export function programFrames(stack: string): string {
  return stack
    .split("\n")
    .filter((line) => frame.test(line) && isOfProgram(line))
    .map((line) => `\n    ${line.trim()}`)
    .join("");
}
