/** Code in a process finds the sockets to main among its files: what it does with them ends its own actor (core/SEMANTICS.md, S9.2, S9.7). */
import { expect, test } from "@jest/globals";
import { startSystem } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { codeOf, spawnDoer, watchEnd } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, clock: "system", spare: false });

test("S9.2: bytes on the socket to main that are no word of the runtime end the actor that wrote them, and nobody else", async () => {
  const system = shared();
  using recorder = new EventRecorder(system, ["processLost"]);
  const ref = await spawnDoer(system);
  const { reason } = await watchEnd(system, ref);
  const breach = { processLost: { breach: expect.stringContaining("MessagePack") as unknown } };
  expect(await codeOf(ref.call("do", "garbage", { timeoutMs: 60_000 }))).toBe("process_lost");
  expect(await reason).toEqual(breach);
  expect(recorder.of("processLost")).toMatchObject([{ reason: breach, signal: "SIGKILL" }]);
});

test("S9.7: a process that has closed the socket on which it is told what to do is silent", async () => {
  const heartbeatTimeoutMs = 500;
  await using system = await startSystem({ threads: 1, spare: false, heartbeatTimeoutMs });
  const ref = await spawnDoer(system);
  const { reason } = await watchEnd(system, ref);
  ref.call("do", "close its ears").catch(() => undefined);
  expect(await reason).toEqual({ processLost: { silentMs: heartbeatTimeoutMs } });
});
