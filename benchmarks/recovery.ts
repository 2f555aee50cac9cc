/** What does an event of its history cost an event-sourced actor at its start, beside the bare driver that reads and applies as many? */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runFile } from "./command-line.ts";
import type { Question } from "./harness.ts";
import { withFolder } from "./peers/bare-database.ts";
import { bareRecovery, recovery } from "./peers/recoveries.ts";

const question: Question = {
  name: "recovery",
  question: "an actor with 100,000 events and no snapshot is started",
  unit: "ns",
  placement: "dedicated thread",
  operation: "event",
  size: 100_000,
  expected: (events) => events,
  contenders: () => {
    const folder = mkdtempSync(join(tmpdir(), "mofa-bench-"));
    const file = join(folder, "accounts.sqlite");
    return [recovery("mofa", file), withFolder(bareRecovery("bare driver", file), folder)];
  },
};

await runFile(import.meta.url, [question]);
