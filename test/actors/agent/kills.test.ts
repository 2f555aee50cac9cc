/**
 * Programs with an agent are killed, and others go on with its session; `stress/agent-kills.ts` does it at every passage. Not in every
 * placement: who is killed is the whole process.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { AgentBook } from "../../stress/agent-book.ts";

const folder = mkdtempSync(join(tmpdir(), "mofa-agents-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** One round of all that happens in turns. */
const until = 6;

test("killed while tools run, between a result and its record, and before an answer, a conversation comes to its end with nothing lost or done twice", async () => {
  const book = new AgentBook(folder, "killed");
  const deaths = [
    ["after-effect", 2],
    ["before-effect", 1],
    ["before-write", 4],
    ["before-answer", 5],
    ["approval-in-hand", 1],
    ["answer-in-hand", 1],
  ] as const;
  for (const at of deaths) expect([at, await book.run({ until, way: "goOn" }, { at })]).toEqual([at, "SIGKILL"]);
  expect(await book.run({ until, way: "again" })).toBe(null);
  const { faults, tally } = await book.audit();
  expect(faults).toEqual([]);
  expect(tally).toMatchObject({ answered: until, interrupted: 0 });
  expect(Math.min(tally.uncertainDone, tally.uncertainNotDone)).toBeGreaterThan(0);
});

test("what was left in the midst and not gone on with is interrupted, and the next turn is answered", async () => {
  const book = new AgentBook(folder, "left");
  expect(await book.run({ until, way: "goOn" }, { at: ["after-effect", 1] })).toBe("SIGKILL");
  expect(await book.run({ until, way: "other" })).toBe(null);
  const { faults, tally } = await book.audit();
  expect(faults).toEqual([]);
  expect(tally).toMatchObject({ answered: until - 1, interrupted: 1, uncertainDone: 1 });
});

test("a build that forgets which calls had begun does one twice, and is found out", async () => {
  const book = new AgentBook(folder, "forgetful");
  const how = { until, way: "goOn", fault: "unbegun" } as const;
  expect(await book.run(how, { at: ["after-effect", 1] })).toBe("SIGKILL");
  expect(await book.run(how)).toBe(null);
  expect((await book.audit()).faults[0]).toMatch(/^key \S+ has two effects$/);
});
