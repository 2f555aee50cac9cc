/** The process of `llm-native`: what ends it ends nobody else; and what keeps it from starting is said. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "@jest/globals";
import { chatter } from "../../fixtures/chatter.ts";
import { goneFromSystem } from "../../support/in-process.ts";
import { llamaBinary } from "../../support/known-services.ts";
import { describeWith } from "../../support/service.ts";
import { useSystem } from "../../support/use-system.ts";
import { endless, failureOf, hello, NativeRuns, raw, sentence } from "./native-runs.ts";

await describeWith(llamaBinary, () => {
  const system = useSystem({ clock: "system", threads: 1 });
  const runs = new NativeRuns(system);
  afterEach(() => runs.stop());

  test.each(["SIGKILL", "SIGSEGV", "SIGABRT"] as const)(
    "%s in the midst of answers fails all that wait, ends nobody who asked, and the model answers again",
    async (signal) => {
      await runs.startEndless({ sequences: 2 });
      const agent = await system().spawn(chatter);
      const first = await runs.begin("a~");
      const second = await runs.begin("b~");
      const third = failureOf(runs.model.chat(raw("long", "c~")));
      const asked = agent.call("tryAsk", ["llm-native", raw("long", "d~")], { timeoutMs: 60_000 });
      const embedded = failureOf(runs.model.embed({ texts: Array.from({ length: 2_000 }, (_, at) => `text ${at}`) }));
      await first.next();
      const { pid } = runs;
      process.kill(pid, signal);
      const failures = await Promise.all([failureOf(readAll(first)), failureOf(readAll(second)), third, embedded]);
      expect(failures.map(({ code }) => code)).toEqual(failures.map(() => "process_lost"));
      expect(await asked).toBe("process_lost");
      expect(await runs.answerAgain()).toBe(sentence);
      expect(runs.pid).not.toBe(pid);
      expect(await agent.call("tryAsk", ["llm-native", hello])).toBe(sentence);
    },
  );

  test("when it is stopped in the midst of answers, they end with it, and its process is gone", async () => {
    await runs.startEndless({ sequences: 1 });
    const first = await runs.begin("a~");
    const second = failureOf(runs.model.chat(hello));
    const { pid } = runs;
    await runs.stop();
    expect([(await failureOf(readAll(first))).code, (await second).code]).toEqual(["shutdown", "shutdown"]);
    await goneFromSystem(pid);
  });

  test("a file that is none, or broken, keeps it from starting, and is named", async () => {
    const whole = readFileSync(runs.models.write("whole"));
    const broken = Buffer.from(whole).fill(0xff, 24, 64);
    const cases: [string, RegExp][] = [
      [runs.models.path("none.gguf"), /none\.gguf is not there/],
      [runs.models.folder, /is no file/],
      [
        runs.models.writeBytes("text.gguf", "once upon a time, there was a model"),
        /is no model in the format GGUF: it begins with "once"/,
      ],
      [runs.models.writeBytes("short.gguf", whole.subarray(0, 12)), /is cut off: it has 12 bytes/],
      [runs.models.writeBytes("half.gguf", whole.subarray(0, whole.length / 2)), /half\.gguf cannot be loaded/],
      [runs.models.writeBytes("broken.gguf", broken), /broken\.gguf cannot be loaded/],
    ];
    for (const [file, message] of cases) expect((await failureOf(runs.start({ file }))).message).toMatch(message);
  });

  test("what has not enough memory is refused before it takes any", async () => {
    const file = runs.models.write("large", { contextLength: endless });
    const refused = failureOf(runs.start({ file, contextSize: endless, memoryMb: 20 }));
    expect((await refused).message).toMatch(/no room for 2 contexts of 100000 tokens.*memoryMb/);
    const huge = runs.models.write("huge", { contextLength: 2 ** 31 - 1 });
    const refusedAtOnce = failureOf(runs.start({ file: huge, contextSize: 10_000_000, sequences: 11 }));
    expect((await refusedAtOnce).message).toMatch(/are more than 100000000 tokens in all/);
  });

  // The bound is one of Linux's.
  const testOnLinux = process.platform === "linux" ? test : test.skip;
  testOnLinux("memory that gives out fails who wants more, and the answers that are under way go on", async () => {
    await runs.startEndless({ sequences: 1 });
    const chat = await runs.begin("a~");
    const { pid } = runs;
    const [pages] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
    // Room for the engine that goes on, which without any ends its process; less than the context wants.
    execFileSync("prlimit", [`--pid=${pid}`, `--as=${Number(pages) * 4_096 + 64 * 2 ** 20}`]);
    expect(await failureOf(runs.model.embed({ texts: ["a"] }))).toMatchObject({
      code: "model_failed",
      message: expect.stringMatching(/no room for a context of embeddings: \S/) as unknown,
    });
    expect(await chat.next()).toMatchObject({ done: false });
    await chat.return();
    expect(runs.pid).toBe(pid);
    expect(await runs.answerAgain()).toBe(sentence);
  });

  test("it runs in a process alone", async () => {
    const use = { plugin: (await import("../../../plugins/llm-native/index.ts")).llmNative, config: { file: "x" } };
    expect(await failureOf(system().startPlugins([{ ...use, isolation: "shared" }]))).toMatchObject({
      code: "bad_argument",
      message: expect.stringMatching(/cannot have isolation "shared"/) as unknown,
    });
  });
});

async function readAll(deltas: AsyncGenerator<unknown, void>): Promise<void> {
  for await (const _delta of deltas);
}
