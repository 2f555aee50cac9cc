/** What users see of each key of what `recordModel` makes. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordedConfig } from "../../../plugins/llm-recorded/config.ts";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import { recorded } from "../../fixtures/recorded-models.ts";
import type { KeyRun, KeyTable } from "./key-table.ts";

const folder = mkdtempSync(join(tmpdir(), "mofa-recorded-table-"));
const file = join(folder, "run.jsonl");
const hello = { messages: [{ role: "user", content: "hello" }] } as const;
/** Above the changed time limits, far below the others. */
const pauseMs = 300;

/** With a model to ask, which is slow where that is in question. */
async function asked({ system, start, call }: KeyRun, config: object = {}, more: object = {}): Promise<unknown> {
  const model = await system.startPlugins([
    { plugin: llmScripted, config: config as Readonly<Record<string, unknown>> },
  ]);
  try {
    await start({ mode: "record", ...more });
    return await call("chat", hello);
  } finally {
    system.exit(model.ref, "shutdown");
    await model.exit;
  }
}

export const table: KeyTable = {
  plugin: recorded,
  name: "llm-recorded",
  schema: recordedConfig,
  base: { file },
  async refresh() {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
  },
  remove: async () => rmSync(folder, { recursive: true }),
  keys: {
    file: {
      from: file,
      changed: join(folder, "other.jsonl"),
      async look(run) {
        await asked(run);
        return readdirSync(folder);
      },
    },
    mode: {
      changed: "record",
      async look({ system, start, call }) {
        const model = await system.startPlugins([llmScripted]);
        await start();
        const outcome = await call("chat", hello);
        system.exit(model.ref, "shutdown");
        await model.exit;
        return outcome;
      },
    },
    maxConcurrent: {
      changed: 1,
      async look({ system, start, call }) {
        const model = await system.startPlugins([{ plugin: llmScripted, config: { firstDeltaMs: pauseMs } }]);
        await start({ mode: "record" });
        const outcomes = await Promise.all([call("chat", hello), call("chat", hello)]);
        system.exit(model.ref, "shutdown");
        await model.exit;
        return outcomes;
      },
    },
    timeoutMs: { changed: 50, look: (run) => asked(run, { firstDeltaMs: pauseMs }) },
    maxAnswerChars: { changed: 4, look: (run) => asked(run) },
  },
};
