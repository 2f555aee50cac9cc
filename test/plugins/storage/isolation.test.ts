/** A store in each isolation: it holds the contract, and its crash costs nobody what was answered. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import type { Isolation, Ref } from "../../../index.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { next, pidOf } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";
import { describeStorage } from "./conformance.ts";

const folder = mkdtempSync(join(tmpdir(), "mofa-isolation-"));
afterAll(() => rmSync(folder, { recursive: true }));

// On a thread of its own it is held to the contract among the others.
for (const isolation of ["shared", "process"] as const)
  describeStorage(`storage-sqlite, isolation ${isolation}`, "storage-sqlite", () => ({
    plugin: storageSqlite,
    isolation,
    startTimeoutMs: 60_000,
    config: { file: join(folder, `${isolation}.sqlite`) },
  }));

describe("a crash", () => {
  const system = useSystem({ clock: "system", threads: 1 });

  test.each<[Isolation, string, RegExp]>([
    ["shared", "killed", /^(killed|noproc)$/],
    ["thread", "killed", /^(killed|noproc)$/],
    ["process", "killed", /^(killed|noproc)$/],
    ["process", "ended with its process", /^(process_lost|noproc)$/],
  ])(
    "of a store of isolation %s that is %s: callers learn of it, and what was answered is there",
    async (isolation, how, codes) => {
      const config = { file: join(folder, `crash-${isolation}-${how}.sqlite`) };
      const handle = await system().startPlugins([
        { plugin: storageSqlite, isolation, config, startTimeoutMs: 60_000 },
      ]);
      const ref = system().whereis("plugin.storage-sqlite") as Ref;
      const restarted = next(system(), "restarted");
      let answered = 0;
      const results = Array.from({ length: 400 }, async (_, n) => {
        try {
          await system().call("plugin.storage-sqlite", "put", { key: `key ${n}`, value: n });
          if (++answered === 1) {
            if (how === "killed") system().exit(ref, "kill");
            else process.kill(pidOf(system(), ref), "SIGKILL");
          }
          // Later ones go to whom the name means then.
          if (n < 200) await system().call("plugin.storage-sqlite", "put", { key: `key ${n}`, value: n });
          return { n };
        } catch (error) {
          return { code: (error as { code?: string }).code };
        }
      });
      const all = await Promise.all(results);
      await restarted;
      expect(answered).toBeGreaterThan(0);
      const failed = all.filter((one) => one.n === undefined);
      expect(failed).not.toEqual([]);
      for (const { code } of failed) expect(code).toMatch(codes);
      for (const { n } of all)
        if (n !== undefined)
          expect(await system().call("plugin.storage-sqlite", "get", `key ${n}`)).toMatchObject({ value: n });
      expect(await system().plugins()).toMatchObject([{ state: "running", health: { status: "up" } }]);
      system().exit(handle.ref, "shutdown");
      await handle.exit;
    },
  );
});
