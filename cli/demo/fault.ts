/** The faults that an agent does to itself when its task says so, each as real as it can be. */
import { RuntimeError } from "../../index.ts";
import type { TaskFault } from "./conversation.ts";

/** What an agent leaves the process with that it believes to have. */
export const exitCode = 7;

/** Does it, instead of the work or after it. Gives a promise where the fault strikes behind an await. */
export function suffer(fault: TaskFault, task: number): Promise<void> | undefined {
  switch (fault) {
    case "throwBefore":
    case "throwAfter":
      throw new RuntimeError("injected", `task ${task}: injected fault`);
    case "loop":
      return spin();
    case "loopAfterAwait":
      return spinAfterAwait();
    case "regex":
      backtrack();
      return undefined;
    case "exit":
      return process.exit(exitCode);
    case "allocate":
      return allocate();
    case "endThread":
    case "killProcess":
      // The program does these, on the injector's order.
      return undefined;
  }
}

async function spinAfterAwait(): Promise<void> {
  await Promise.resolve();
  spin();
}

function spin(): never {
  for (;;);
}

/** Two to the power of its length: more steps than anybody waits for. */
function backtrack(): void {
  /^(?:a+)+$/.test(`${"a".repeat(64)}!`);
}

/** Until V8 aborts. */
function allocate(): never {
  const kept: number[][] = [];
  for (;;) kept.push(new Array<number>(1_024).fill(kept.length + 0.5));
}
