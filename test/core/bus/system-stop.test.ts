/** What becomes of what the program has asked by the bus when its system stops. */
import { expect, test } from "@jest/globals";
import { startSystem } from "../../../index.ts";
import { puppet } from "../../fixtures/puppet.ts";

test.each([0, 1])(
  "a request of the program to thread %d that nobody has answered fails with not_started",
  async (thread) => {
    const system = await startSystem({ threads: 1, spare: false });
    const subscriber = await system.spawn(puppet, undefined, { placement: { thread } });
    await subscriber.call("run", ["subscribe", "news"]);
    const asked = expect(system.request("news", "?", { timeoutMs: Number.POSITIVE_INFINITY })).rejects.toMatchObject({
      code: "not_started",
    });
    await system.settled();
    expect(await subscriber.call("seen")).toHaveLength(1);
    await system.stop();
    await asked;
  },
);
