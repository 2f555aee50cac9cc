/** `tool-memory` over SQLite, in a program that is killed: documents and their index agree afterwards. Not in every placement: programs of their own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "@jest/globals";
import { storageOf, toolsOf } from "../../../index.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { embedder, memories } from "../../fixtures/memories.ts";
import { faultsOfMemories } from "../../support/memory-index.ts";
import { runProgram } from "../../support/run-program.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
const folder = mkdtempSync(join(tmpdir(), "mofa-memories-"));
afterAll(() => rmSync(folder, { recursive: true }));
const program = fileURLToPath(new URL("../../fixtures/programs/keep-memories.js", import.meta.url));

/** What the step of the program has said, which every chunk of its document has. */
const stepIn = (text: string) => Number(/step (\d+)/.exec(text)?.[1]);

test.each(["before-write", "before-commit", "before-answer"])(
  "killed %s of its ninth write, all that was answered is there, and nothing is by half",
  async (point) => {
    const file = join(folder, `${point}.sqlite`);
    const env = { ...process.env, MOFA_FAIL_POINT: `${point}:9` };
    const { signal, stdout } = await runProgram(process.execPath, [program, file, "60"], { env });
    expect(signal).toBe("SIGKILL");
    const answered = stdout.trim().split("\n").map(Number);
    const last = answered.at(-1) as number;
    expect(answered).toEqual(Array.from({ length: last + 1 }, (_, step) => step));

    const plugins = await system().startPlugins([{ plugin: storageSqlite, config: { file } }, embedder, memories]);
    try {
      expect(await faultsOfMemories(storageOf(system(), "storage-sqlite"), "shared")).toEqual([]);
      const tools = toolsOf(system(), "tool-memory");
      const found = (await tools.call("recall", { query: "what is said in which step?", k: 100 })) as {
        readonly memories: readonly { readonly id: string; readonly text: string }[];
      };
      const steps = new Map(found.memories.map(({ id, text }) => [id, stepIn(text)]));
      // The one that was under way is there or not.
      const wanted = [contentAfter(last), contentAfter(last + 1)];
      expect(wanted).toContainEqual(steps);
      await tools.call("remember", { id: "d9", text: "It goes on." });
    } finally {
      system().exit(plugins.ref, "shutdown");
      await plugins.exit;
    }
  },
);

function contentAfter(last: number): Map<string, number> {
  const content = new Map<string, number>();
  for (let step = 0; step <= last; step++) {
    if (step % 3 === 2) content.delete(`d${step % 4}`);
    else content.set(`d${step % 4}`, step);
  }
  return content;
}
