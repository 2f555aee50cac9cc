/** On main alone, as in the demo: the roster never runs elsewhere. */
import { expect, test } from "@jest/globals";
import { capabilities } from "../../../cli/demo/conversation.ts";
import { roster } from "../../../cli/demo/roster.ts";
import { defineServer, type Ref, startSystem } from "../../../index.ts";

const member = defineServer({
  init: (agent: number, ctx) => {
    const name = agent === 0 ? capabilities.inProcess : capabilities.onThread;
    ctx.declare({ capabilities: [{ name }], metadata: { agent } });
    return agent;
  },
});

test("an agent that was up before was started again; its recovery lasts until its successor has done a task", async () => {
  await using system = await startSystem({ threads: 1, spare: false, clock: "manual" });
  const onMain = { placement: { thread: 0 } } as const;
  const ref = await system.spawn(roster, undefined, onMain);
  const spawn = (agent: number) => system.spawn(member, agent, onMain);
  const end = async (agent: Ref) => {
    system.exit(agent, "kill");
    await system.settled();
  };
  const agents = [await spawn(0), await spawn(1)] as const;
  ref.cast("recovered", 0); // its first task, and nothing to recover from
  let isAnswered = false;
  const up = ref.call("up", 2).then(() => (isAnswered = true));
  await up;
  await end(agents[0]);
  isAnswered = false;
  const upAgain = ref.call("up", 2, { timeoutMs: Number.POSITIVE_INFINITY }).then(() => (isAnswered = true));
  await system.clock.advance(20);
  await spawn(0);
  await upAgain;
  await system.clock.advance(5);
  ref.cast("recovered", 0);
  ref.cast("recovered", 0); // counted already
  await end(agents[1]);
  expect(isAnswered).toBe(true);
  expect(await ref.call("closing")).toEqual({ restarts: 1, recoveriesMs: [25] });
});

test("who is not up is waited for", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const onMain = { placement: { thread: 0 } } as const;
  const ref = await system.spawn(roster, undefined, onMain);
  await system.spawn(member, 1, onMain);
  let isAnswered = false;
  const up = ref.call("up", 2).then(() => (isAnswered = true));
  await system.settled();
  expect(isAnswered).toBe(false);
  await system.spawn(member, 2, onMain);
  await up;
});
