/** core/SEMANTICS.md, S2.9: crash reports and dead letters name the call or cast that they are about. */
import { expect, test } from "@jest/globals";
import type { Behaviour, CrashReport, Ref } from "../../../index.ts";
import { EventRecorder, Probe } from "../../../testing/index.ts";
import { failingServer } from "../../fixtures/failing-server.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

type Server = Ref<ApiOf<typeof failingServer>>;
type ApiOf<B> = B extends Behaviour<undefined, infer P> ? P : never;

const deeds: [text: string, run: (ref: Server) => unknown][] = [
  ["call fail('boom')", (ref) => ref.call("fail", "boom").catch(() => undefined)],
  ["call failLater('boom')", (ref) => ref.call("failLater", "boom").catch(() => undefined)],
  ["cast fail('boom')", (ref) => ref.cast("fail", "boom")],
  ["cast failLater('boom')", (ref) => ref.cast("failLater", "boom")],
  ["call unknown()", (ref) => (ref as Ref).call("unknown").catch(() => undefined)],
  ["cast unknown()", (ref) => (ref as Ref).cast("unknown")],
  ["'raw'", (ref) => ref.send("raw")],
];

describePlacements("S2 Reports", (place) => {
  const isOnMain = place.name === "main";

  test("S2.9: a crash report says which call or cast it was, with its argument", async () => {
    await using probe = await Probe.start(system());
    using recorder = new EventRecorder(system(), ["crashed"]);
    for (const [, deed] of deeds) {
      const ref = await place.spawn(system(), failingServer, undefined);
      const watch = await probe.watch(ref);
      await deed(ref);
      await watch.reason();
    }
    expect(messagesOf(recorder)).toEqual(deeds.map(([text]) => text));
  });

  if (!isOnMain) {
    test("S2.9: so does that of an answer that cannot cross, and of process.exit", async () => {
      await using probe = await Probe.start(system());
      using recorder = new EventRecorder(system(), ["crashed"]);
      for (const name of ["answerFunction", "exit"] as const) {
        const ref = await place.spawn(system(), failingServer, undefined);
        const watch = await probe.watch(ref);
        await ref.call(name).catch(() => undefined);
        await watch.reason();
      }
      expect(messagesOf(recorder)).toEqual(["call answerFunction()", "call exit()"]);
    });
  }

  test("S2.9: a ref in a message is shown under that name", async () => {
    await using probe = await Probe.start(system());
    using recorder = new EventRecorder(system(), ["crashed"]);
    const ref: Ref = await place.spawn(system(), failingServer, undefined);
    const watch = await probe.watch(ref);
    ref.cast("fail", ref);
    await watch.reason();
    const { thread, slot, generation } = ref;
    expect(messagesOf(recorder)).toEqual([
      `cast fail(Ref { thread: ${thread}, slot: ${slot}, generation: ${generation} })`,
    ]);
  });

  test("S2.9: unread mail stands in the crash report, and becomes dead letters, in the same form", async () => {
    await using probe = await Probe.start(system());
    using recorder = new EventRecorder(system(), ["crashed", "deadLetter"]);
    const ref = await place.spawn(system(), failingServer, undefined);
    const watch = await probe.watch(ref);
    await probe.run((ctx) => {
      ctx.cast(ref, "failLater", "boom");
      ctx.cast(ref, "fail", { copies: 3 });
      ctx.call(ref, "exit").catch(() => undefined);
      ctx.send(ref, "raw");
    });
    await watch.reason();
    await system().settled();
    const unread = ["cast fail({ copies: 3 })", "call exit()", "'raw'"];
    expect((recorder.of("crashed") as unknown as CrashReport[]).map(({ queued }) => queued)).toEqual([unread]);
    expect(recorder.of("deadLetter")).toEqual(unread.map((message) => expect.objectContaining({ message })));
  });
});

function messagesOf(recorder: EventRecorder): (string | undefined)[] {
  return (recorder.of("crashed") as unknown as CrashReport[]).map(({ message }) => message);
}
