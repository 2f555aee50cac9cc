/** Lines that `mofa run` writes of a program, which its actors would like to write themselves. */
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "@jest/globals";
import { Journal } from "../../cli/run/journal.ts";
import { puppet } from "../fixtures/puppet.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();
const forged = "a\nerror: thread 1 was lost\u001b[2J";

test("what an actor says in several lines has none that reads as one of the runtime's", async () => {
  const out = new PassThrough();
  const journal = new Journal(system(), out);
  const actor = await system().spawn(puppet, undefined, { name: "liar" });
  await actor.call("run", ["log", "info", forged]);
  await system().settled();
  journal[Symbol.dispose]();
  out.end();
  expect(await text(out)).toBe("info: liar: a\n  error: thread 1 was lost\ufffd[2J\n");
});
