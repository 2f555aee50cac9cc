/** core/SEMANTICS.md, S5.3: what the error of a failed call says. */
import { expect, test } from "@jest/globals";
import type { From } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { askingServer, failingServer } from "../../fixtures/failing-server.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

interface CallError {
  readonly message: string;
  readonly stack: string;
  readonly cause: { readonly stack: string };
}

const errorOf = (call: Promise<unknown>) => call.then(unexpected, (error: CallError) => error);

function unexpected(): never {
  throw new Error("the call did not fail");
}

describePlacements("S5 Failed calls", (place) => {
  test("S5.3: the stack of a failed call shows who awaits it, its cause shows where the callee threw", async () => {
    const server = await place.spawn(system(), failingServer, undefined);
    const error = await errorOf(server.call("fail", "boom"));
    expect(error.message).toBe("boom");
    expect(error.stack.split("\n").slice(0, 2).join("\n")).toMatch(
      /^RuntimeError: boom\n {4}at .*s5-failed-calls\.test/,
    );
    expect(error.cause.stack).toMatch(/at .*fail .*failing-server/);
  });

  test("S5.3: so does the crash of an actor that awaits a call which fails", async () => {
    using recorder = new EventRecorder(system(), ["crashed"]);
    const server = await place.spawn(system(), failingServer, undefined);
    const asker = await place.spawn(system(), askingServer, undefined);
    await errorOf(asker.call("ask", [server, "failLater"]));
    await system().settled();
    const stacks = recorder.events.map(
      (event) => (event as unknown as { reason: { error: CallError } }).reason.error.stack,
    );
    expect(stacks).toHaveLength(2);
    expect(stacks[1]).toMatch(/\n {4}at (async )?ask .*failing-server/);
  });

  test("S5.2: whoever has a call's token answers it, and one with another's name on it answers nobody's call", async () => {
    const holder = await place.spawn(system(), puppet, undefined);
    const asker = await place.spawn(system(), puppet, undefined);
    const other = await place.spawn(system(), puppet, undefined);
    const answer = asker.call("run", ["call", holder, "hold"]);
    await system().settled();
    const [token] = (await holder.call("openTokens")) as From[];
    const forged = { ...token, caller: other };
    await other.call("run", ["reply", forged, "forged"]);
    await other.call("run", ["replyError", forged, { code: "forged", message: "not true" }]);
    await system().settled();
    await other.call("run", ["reply", token, "by somebody else"]);
    expect(await answer).toBe("by somebody else");
  });

  test("S5.3: why the callee ended stands in the message as one line, whatever it is", async () => {
    const server = await place.spawn(system(), puppet, undefined);
    const error = errorOf(server.call("hold"));
    await system().settled();
    system().exit(server, { outOfPaper: 12n });
    expect((await error).message).toMatch(/ended before it answered "hold": outOfPaper: 12$/);
  });

  test("S5.3: the error of a call names it where the callee ends before its answer", async () => {
    const held = await place.spawn(system(), puppet, undefined);
    const inHand = errorOf(held.call("hold"));
    await system().settled();
    const unread = errorOf(system().call(held, "echo", 1));
    system().exit(held, "kill");
    expect((await inHand).message).toMatch(/ended before it answered "hold": killed$/);
    expect((await unread).message).toMatch(/"echo"/);
    const late = await errorOf(held.call("seen"));
    expect(late.message).toMatch(/^there is no actor .* to answer "seen"/);
    expect(late.stack).toMatch(/at .*s5-failed-calls\.test/);
  });
});
