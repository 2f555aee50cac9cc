/** Real processes: floods out of them and into them, and what async code in them does (core/SEMANTICS.md, S2.1, S5.8, S7.1, S9.3). */
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { bystander, type Carelessness, keeper, trapper } from "../../fixtures/process-tests.ts";
import { gate } from "../../fixtures/thread-tests.ts";
import { codeOf, spawnDoer, watchEnd } from "../../support/in-process.ts";
import { packageRoot } from "../../support/package-root.ts";
import { runProgram } from "../../support/run-program.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, clock: "system", spare: false });
const there = { placement: { thread: 1 } } as const;
const forEver = { timeoutMs: Number.POSITIVE_INFINITY };

/** Whether these are the numbers from 0, each once and in order. */
function areNumbersUpTo(got: readonly unknown[], count: number): boolean {
  return got.length === count && got.every((value, n) => value === n);
}

test("S2.1: 100,000 sends of one turn arrive in order", async () => {
  const system = shared();
  const to = await system.spawn(trapper, undefined, there);
  const ref = await spawnDoer(system);
  await ref.call("flood", { to, count: 100_000 }, forEver);
  await system.settled();
  expect(areNumbersUpTo(await to.call("got"), 100_000)).toBe(true);
});

test("S2.1: 10,000 sends to a process arrive in order", async () => {
  const system = shared();
  const ref = await spawnDoer(system);
  for (let n = 0; n < 10_000; n++) ref.send(n);
  expect(areNumbersUpTo(await ref.call("got", undefined, forEver), 10_000)).toBe(true);
});

test("S7.1: a process waits where a mailbox of policy wait is full, and nothing is lost", async () => {
  const system = shared();
  const held = await system.spawn(gate, undefined, there);
  const to = await system.spawn(keeper, held, { ...there, mailboxCapacity: 4, mailboxPolicy: "wait" });
  to.send("hold");
  const ref = await spawnDoer(system);
  const flood = ref.call("floodPolitely", { to, count: 3_000 }, forEver);
  // Nobody has taken anything yet: a sender that did not wait would have lost most of it by now.
  await system.settled();
  held.cast("open");
  expect(await flood).toBe(3_000);
  await system.settled();
  expect(areNumbersUpTo(await to.call("got"), 3_000)).toBe(true);
});

test("S7.1: a process's mailbox has its bound and its policy", async () => {
  const system = shared();
  const ref = await spawnDoer(system, { mailboxCapacity: 4, mailboxPolicy: "reject" });
  const before = (await system.stats()).deadLetters.mailbox_full;
  for (let n = 0; n < 10; n++) ref.send(n);
  expect((await system.stats()).deadLetters.mailbox_full - before).toBe(6);
  await system.settled();
  expect(areNumbersUpTo(await ref.call("got"), 4)).toBe(true);
});

test("S9.1: verbs after awaits are the actor's own, of the kernel's promises and of others", async () => {
  const system = shared();
  const other = await system.spawn(bystander, undefined, there);
  const ref = await spawnDoer(system);
  expect(await ref.call("verbsAfterAwaits", other)).toEqual(["pong", true, "number", "pong"]);
});

const careless: readonly (readonly ["careless" | "carelessAfterAwait", Carelessness, string])[] = [
  ["careless", "call", "noproc"],
  ["careless", "start", "start_failed"],
  ["careless", "register", "bad_argument"],
  ["carelessAfterAwait", "unregister", "bad_argument"],
  ["carelessAfterAwait", "task", "of_the_task"],
  ["carelessAfterAwait", "call", "noproc"],
];

test.each(careless)("S5.8: what fails and is awaited by nobody ends its actor: %s %s", async (where, how, code) => {
  const system = shared();
  const ref = await spawnDoer(system);
  const { reason } = await watchEnd(system, ref);
  expect(await codeOf(ref.call(where, how))).toBe(code);
  expect(await reason).toEqual({ error: expect.objectContaining({ code }) as unknown });
});

test("what a process writes comes out of this one: bytes that are no text, halves of characters, words that only look like V8's", async () => {
  const program = join(packageRoot, "dist/test/fixtures/programs/writing-process.js");
  const { code, stdout, stderr } = await runProgram(process.execPath, [program]);
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: `out ä😀\n${"x".repeat(200_000)}\n`,
    stderr: `${"ä😀".repeat(50_000)}\nFATAL ERROR: of the program\nand more\n`,
  });
});
