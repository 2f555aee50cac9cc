/**
 * How long a start may take where nobody said so: `init` has its time, and what comes before it has limits of its own, each
 * told by its own error (core/SEMANTICS.md, S9.5). Real threads and processes; their time is manual.
 */
import { expect, test } from "@jest/globals";
import { bootSystem, type SystemParts } from "../../../core/system/boot.ts";
import { System } from "../../../core/system/system.ts";
import { dawdler } from "../../fixtures/budgets.ts";
import { genServer } from "../../fixtures/gen-server.ts";
import { codeOf } from "../../support/bad-input.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, spare: false });

/** As if main, and whoever keeps a time there, had looked at the clock only now. */
function letPass(parts: SystemParts, ms: number): void {
  parts.kernel.memory.manualMs += ms;
  parts.kernel.scheduler.arm();
}

test.each([
  ["thread", 10_000],
  ["process", 60_000],
] as const)("S9.5: the start of a %s takes nothing from the time of init", async (isolation, ms) => {
  const parts = await bootSystem({ threads: 1, spare: false, clock: "manual" });
  await using system = new System(parts);
  const started = system.spawn(dawdler, {}, { isolation });
  letPass(parts, ms);
  expect(await (await started).call("ping")).toBe("pong");
});

test("S9.5: a startTimeoutMs that is given bounds the whole start, that of the process too", async () => {
  const parts = await bootSystem({ threads: 1, spare: false, clock: "manual" });
  await using system = new System(parts);
  const started = system.spawn(dawdler, {}, { isolation: "process", startTimeoutMs: 9_000 });
  const message = started.then(
    () => "started",
    (error: Error) => error.message,
  );
  letPass(parts, 9_000);
  expect(await message).toMatch(
    /within startTimeoutMs \(9000 ms\) .*counts from the spawn, also of its thread, process/,
  );
});

test.each([{ thread: 0 }, { thread: 1 }])(
  "where nothing is said init has 5,000 ms (placement %j)",
  async (placement) => {
    const system = shared();
    let outcome = "pending";
    const started = codeOf(system.spawn(genServer, { init: "never" }, { placement })).then((code) => {
      outcome = code;
    });
    await system.settled();
    await system.clock.advance(4_999);
    expect(outcome).toBe("pending");
    await system.clock.advance(1);
    await started;
    expect(outcome).toBe("init_timeout");
  },
);
