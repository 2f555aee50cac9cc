/** `mofa sessions`: those of a module's agents, in the store that it names. */
import { describe, expect, test } from "@jest/globals";
import { clerk, countingClerk, useClerkRoom } from "../support/clerk-room.ts";

const room = useClerkRoom();
const sessions = (...args: string[]) => room.mofa("sessions", ...args);

async function sessionsJson(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await sessions(...args, "--json");
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as unknown;
}

const beganAtMs = expect.any(Number);

describe("of a store with two sessions", () => {
  const begin = async () => {
    await room.mofa("ask", clerk, "call count", "--session", "ann");
    await room.mofa("ask", countingClerk, "json", "--session", "b\u202eob");
  };

  test("list has them by their agents, and those of one", async () => {
    await begin();
    const { code, stdout, stderr } = await sessions("list", clerk);
    expect([code, stderr]).toEqual([0, "2 sessions\n"]);
    expect(stdout).toMatch(/^agent +session +began\nclerk +ann +\d{4}-\S+Z\ncounting-clerk +b\ufffdob +\d{4}-\S+Z\n$/);
    expect(await sessionsJson("list", clerk)).toEqual({
      sessions: [
        { agent: "clerk", session: "ann", beganAtMs },
        { agent: "counting-clerk", session: "b\u202eob", beganAtMs },
      ],
    });
    expect(await sessionsJson("list", clerk, "--agent", "clerk")).toEqual({
      sessions: [{ agent: "clerk", session: "ann", beganAtMs }],
    });
  });

  test("show has what was said, of the module's agent or of another", async () => {
    await begin();
    expect(await sessions("show", clerk, "ann")).toEqual({
      code: 0,
      stdout: "user: call count\nassistant: [count {}]\ntool: 3\nassistant: It gave 3.\n",
      stderr: "",
    });
    expect(await sessions("show", countingClerk, "ann", "--agent", "clerk")).toMatchObject({ code: 0 });
  });

  test("export, and show --json, have the events and what they come to", async () => {
    await begin();
    const { code, stdout } = await sessions("export", clerk, "ann");
    expect(code).toBe(0);
    const exported: unknown = JSON.parse(stdout);
    expect(exported).toMatchObject({
      agent: "clerk",
      session: "ann",
      version: 1,
      events: [
        { seq: 1, event: { type: "asked", content: "call count" } },
        { event: { type: "said" } },
        { event: { type: "toolEnded", content: "3" } },
        { event: { type: "said", content: "It gave 3." } },
        { event: { type: "ended", finish: "stop" } },
      ],
      state: { turns: 1, usage: { inputTokens: 20, outputTokens: 10 } },
    });
    expect(await sessionsJson("show", clerk, "ann")).toEqual(exported);
  });

  test("delete leaves nothing of one, and the other", async () => {
    await begin();
    expect(await sessions("delete", clerk, "ann")).toEqual({ code: 0, stdout: "ann deleted\n", stderr: "" });
    expect(await sessionsJson("list", clerk)).toMatchObject({ sessions: [{ agent: "counting-clerk" }] });
    expect(await room.mofa("ask", clerk, "hello", "--session", "ann")).toMatchObject({ stdout: "1: you said hello\n" });
    expect(await sessionsJson("delete", clerk, "ann")).toEqual({ agent: "clerk", session: "ann", done: "deleted" });
  });
});

test("of an empty store list has none", async () => {
  expect(await sessionsJson("list", clerk)).toEqual({ sessions: [] });
});

test.each(["show", "export", "delete"])(
  "%s of a session that is not there fails, and says where those are",
  async (verb) => {
    expect(await sessions(verb, clerk, "carl")).toEqual({
      code: 1,
      stdout: "",
      stderr: "mofa sessions: clerk has no session carl: mofa sessions list shows those it has\n",
    });
  },
);

test.each([
  ["another verb", ["burn", clerk], /"?burn"? is none of list, show, export, delete/],
  ["a list of one", ["list", clerk, "ann"], /list wants no session/],
  ["a session without a name", ["show", clerk], /show wants the name of a session/],
  ["no module", ["list"], /missing required argument 'module'/],
])("%s is wrong usage", async (_what, args, words) => {
  const { code, stdout, stderr } = await sessions(...args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(words);
});

test("a module without a store has no sessions, and says what to add", async () => {
  const { MOFA_TEST_FILE: _file, ...env } = room.environment;
  expect(await room.run(["sessions", "list", clerk], { env })).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^mofa: the module's plugins have no store, [^\n]* \(plugin_missing\)\n$/),
  });
});
