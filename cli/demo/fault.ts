/** The faults that an agent does to itself when its task says so, each as real as it can be. */
import { RuntimeError } from "../../index.ts";
import type { TaskFault } from "./conversation.ts";

/** What an agent leaves the process with that it believes to have. */
export const exitCode = 7;

/** Does it, instead of the work or after it. Whatever comes back from here did not strike. */
export async function suffer(fault: TaskFault, task: number): Promise<void> {
  switch (fault) {
    case "throwBefore":
    case "throwAfter":
      throw new RuntimeError("injected", `task ${task}: injected fault`);
    case "loop":
      return spin();
    case "loopAfterAwait":
      await Promise.resolve();
      return spin();
    case "regex":
      return backtrack();
    case "exit":
      process.exit(exitCode);
      return;
    case "allocate":
      return allocate();
    case "killProcess":
      // Whoever kills it comes from outside.
      await new Promise(() => {});
      return;
  }
}

function spin(): void {
  for (;;);
}

/** Two to the power of its length: more steps than anybody waits for. */
function backtrack(): void {
  /^(?:a+)+$/.test(`${"a".repeat(64)}!`);
}

/** Until V8 aborts. */
function allocate(): void {
  const kept: number[][] = [];
  for (;;) kept.push(new Array<number>(1_024).fill(kept.length + 0.5));
}
