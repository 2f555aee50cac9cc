/** Flags and child specs: defaults, and OTP's name for each fault. Semantics: Erlang/OTP, supervisor.erl, check_flags and check_childspec. Not in every placement: pure functions, and the kernel is real, threads and time are simulated. */
import { describe, expect, test } from "@jest/globals";
import { defineActor } from "../../core/index.ts";
import { checkFlags } from "../../supervisors/flags.ts";
import {
  checkChildSpec,
  checkChildSpecs,
  type DynamicSetup,
  defaultFlags,
  defineSupervisor,
  dynamicSetup,
  type PartitionSetup,
  partitionSetup,
  type SupervisionHost,
  type SupervisorSetup,
  setupAsData,
  specAsData,
  superviseOn,
} from "../../supervisors/index.ts";
import { scriptedChild } from "../support/scripted-child.ts";
import { SimulatedTree } from "../support/simulated-tree.ts";

export const worker = defineActor({ receive: () => undefined });
const good = { id: "a", start: [worker] } as const;
const never = { autoShutdown: "never" } as const;

const hostile = (): never => {
  throw new Error("proxied");
};

const faulty: [string, unknown, object][] = [
  ["no record", "child4", { code: "invalid_child_spec", value: "child4" }],
  ["a list", [good], { code: "invalid_child_spec" }],
  ["nothing", undefined, { code: "invalid_child_spec" }],
  ["no id", { start: [worker] }, { code: "missing_id" }],
  ["no start", { id: "a" }, { code: "missing_start" }],
  ["an id that is no id", { ...good, id: {} }, { code: "invalid_id" }],
  ["a start that is none", { ...good, start: worker }, { code: "invalid_mfa" }],
  ["a start with a function", { ...good, start: [() => undefined] }, { code: "invalid_mfa" }],
  ["a start with too much", { ...good, start: [worker, 1, 2] }, { code: "invalid_mfa" }],
  ["a restart", { ...good, restart: "prmanent" }, { code: "invalid_restart_type", value: "prmanent" }],
  ["a shutdown", { ...good, shutdown: "brutal" }, { code: "invalid_shutdown", value: "brutal" }],
  ["a negative shutdown", { ...good, shutdown: -1 }, { code: "invalid_shutdown", value: -1 }],
  ["an endless number", { ...good, shutdown: Number.POSITIVE_INFINITY }, { code: "invalid_shutdown" }],
  ["a type", { ...good, type: "wrker" }, { code: "invalid_child_type", value: "wrker" }],
  ["significant", { ...good, significant: "yes" }, { code: "invalid_significant", value: "yes" }],
  ["a placement", { ...good, placement: "near" }, { code: "invalid_placement", value: "near" }],
  ["an isolation", { ...good, isolation: "none" }, { code: "invalid_option" }],
  ["a name", { ...good, name: "" }, { code: "invalid_option" }],
  ["a heap", { ...good, heapMb: 0 }, { code: "invalid_option" }],
  [
    "a heap of a shared thread",
    { ...good, heapMb: 64 },
    { code: "bad_combination", value: { isolation: "shared", heapMb: 64 } },
  ],
  [
    "a placement of an own thread",
    { ...good, isolation: "thread", placement: "spread" },
    { code: "bad_combination", value: { isolation: "thread", placement: "spread" } },
  ],
  ["a placement near nobody", { ...good, placement: { near: null } }, { code: "invalid_placement" }],
  ["a placement near what is no ref", { ...good, placement: { near: {} } }, { code: "invalid_placement" }],
  ["a placement below main", { ...good, placement: { thread: -1 } }, { code: "invalid_placement" }],
  ["a heap in which Node cannot start", { ...good, isolation: "thread", heapMb: 1 }, { code: "invalid_option" }],
  ["a capacity that is no whole number", { ...good, mailboxCapacity: 1.5 }, { code: "invalid_option" }],
  ["an endless capacity", { ...good, mailboxCapacity: Number.POSITIVE_INFINITY }, { code: "invalid_option" }],
  ["a name that is too long", { ...good, name: "n".repeat(300) }, { code: "invalid_option" }],
  ["a name that is none", { ...good, name: "undefined" }, { code: "invalid_option" }],
  ["a start time-out", { ...good, startTimeoutMs: -1 }, { code: "invalid_option" }],
  ["a budget of nothing that there is", { ...good, budget: { tasks: 1 } }, { code: "invalid_option" }],
  ["a budget below all", { ...good, budget: { initMs: 0 } }, { code: "invalid_option" }],
  [
    "a mailbox with two bounds",
    { ...good, budget: { mailbox: 9 }, mailboxCapacity: 9 },
    { code: "bad_combination", value: { "budget.mailbox": 9, mailboxCapacity: 9 } },
  ],
  ["a null restart", { ...good, restart: null }, { code: "invalid_restart_type", value: null }],
  ["a null shutdown", { ...good, shutdown: null }, { code: "invalid_shutdown", value: null }],
  ["a capacity", { ...good, mailboxCapacity: "9" }, { code: "invalid_option" }],
  ["a backoff", { ...good, backoff: { jitter: 2 } }, { code: "invalid_backoff" }],
  ["a backoff that is none", { ...good, backoff: 7 }, { code: "invalid_backoff", value: 7 }],
];

describe("child_specs_map", () => {
  test.each(faulty)("%s", (_what, spec, error) => {
    expect(checkChildSpec(spec, never)).toMatchObject({ ok: false, error });
  });

  test.each(faulty)("start_child refuses %s, and the supervisor goes on", async (_what, spec, error) => {
    const t = await new SimulatedTree().start({});
    expect(await t.ask("startChild", spec)).toMatchObject({ ok: false, error });
    expect(t.isAlive).toBe(true);
  });

  const unreadable: [string, () => unknown][] = [
    ["a field", () => Object.defineProperty({ ...good }, "restart", { get: hostile })],
    ["everything", () => new Proxy({}, { get: hostile })],
    ["the start", () => ({ ...good, start: new Proxy([worker], { get: hostile }) })],
    [
      "the value of a fault",
      () => ({ ...good, shutdown: Object.defineProperty({}, "ms", { get: hostile, enumerable: true }) }),
    ],
  ];
  test.each(unreadable)(
    "a spec of which %s throws when it is read is refused, and the supervisor goes on",
    async (_what, make) => {
      const t = await new SimulatedTree().start({ children: ["b"] });
      const error = { code: "invalid_child_spec", value: "reading it threw proxied" };
      expect(checkChildSpec(make(), never)).toEqual({ ok: false, error });
      expect(checkChildSpecs([make()], never)).toEqual({ ok: false, error });
      // With checks, freezing the message may meet the fault before, at the caller.
      const refused = t.ask("startChild", make()).catch((thrown: unknown) => thrown);
      expect([error, new Error("proxied")]).toContainEqual(
        ((await refused) as { error?: unknown }).error ?? (await refused),
      );
      expect(await t.list()).toEqual(["b"]);
    },
  );

  test("every field is read once, so what was checked is what is used", () => {
    const answers = ["transient", "prmanent"];
    const spec = new Proxy(good, {
      get: (target, key) => (key === "restart" ? answers.shift() : Reflect.get(target, key)),
    });
    expect(checkChildSpec(spec, never)).toMatchObject({ ok: true, value: { restart: "transient" } });
  });

  test("unknown keys are ignored and not kept", () => {
    const checked = checkChildSpec({ ...good, silly: true }, never);
    expect(checked.ok && "silly" in checked.value).toBe(false);
    expect(checked.ok).toBe(true);
  });

  test("every combination is valid but for the two bad ones", () => {
    let valid = 0;
    for (const autoShutdown of ["never", "any_significant", "all_significant"] as const)
      for (const restart of ["permanent", "transient", "temporary"] as const)
        for (const shutdown of ["brutal_kill", "infinity", 0, 5_000] as const)
          for (const type of ["worker", "supervisor"] as const)
            for (const significant of [true, false]) {
              const isBad = significant && (autoShutdown === "never" || restart === "permanent");
              const spec = { ...good, restart, shutdown, type, significant };
              const checked = checkChildSpec(spec, { autoShutdown });
              expect(checked).toMatchObject(
                isBad ? { ok: false, error: { code: "bad_combination" } } : { value: spec },
              );
              if (checked.ok) valid++;
            }
    expect(valid).toBe(3 * 3 * 4 * 2 + 2 * 2 * 4 * 2);
  });

  test("two children of one id are duplicate_child_name", () => {
    expect(checkChildSpecs([good, { ...good }], never)).toEqual({
      ok: false,
      error: { code: "duplicate_child_name", value: "a" },
    });
    expect(
      checkChildSpecs(
        [
          { ...good, id: 1 },
          { ...good, id: "1" },
        ],
        never,
      ).ok,
    ).toBe(true);
  });
});

describe("sup_start_map_faulty_specs", () => {
  test.each<[string, unknown, object]>([
    ["missing_id", { children: [{ start: [worker] }] }, { start_spec: { code: "missing_id" } }],
    ["missing_start", { children: [{ id: "a" }] }, { start_spec: { code: "missing_start" } }],
    ["invalid_child_spec", { children: ["a"] }, { start_spec: { code: "invalid_child_spec", value: "a" } }],
    ["duplicate", { children: [good, good] }, { start_spec: { code: "duplicate_child_name", value: "a" } }],
    ["no list", { children: good }, { bad_start_spec: expect.anything() }],
    ["no template", { strategy: "simple_one_for_one" }, { bad_start_spec: "0 children" }],
    ["flags", { strategy: "one_for_none" }, { supervisor_data: { code: "invalid_strategy", value: "one_for_none" } }],
  ])("%s fails the start", async (_what, setup, cause) => {
    const t = await new SimulatedTree().startAs(() => setup);
    expect(t.startError).toMatchObject({ code: "start_failed", cause });
  });
});

describe("sup_flags", () => {
  test.each<[object, string]>([
    [{ strategy: "all_for_one" }, "invalid_strategy"],
    [{ intensity: -1 }, "invalid_intensity"],
    [{ intensity: 1.5 }, "invalid_intensity"],
    [{ intensity: "1" }, "invalid_intensity"],
    [{ periodMs: 0 }, "invalid_period"],
    [{ periodMs: 0.5 }, "invalid_period"],
    [{ autoShutdown: "always" }, "invalid_auto_shutdown"],
    [{ strategy: "simple_one_for_one", autoShutdown: "any_significant" }, "bad_combination"],
    [{ childPlacement: "far" }, "invalid_placement"],
    [{ maxChildren: -1 }, "invalid_max_children"],
  ])("%j is %s", (flags, code) => {
    expect(checkFlags(flags)).toMatchObject({ ok: false, error: { code } });
  });

  test("no flags are OTP's defaults; unknown keys and undefined are ignored", () => {
    const defaults = { ok: true, value: defaultFlags };
    expect(checkFlags({})).toEqual(defaults);
    expect(checkFlags({ intensity: undefined, silly: 1 } as object)).toEqual(defaults);
    expect(defaultFlags).toMatchObject({
      strategy: "one_for_one",
      intensity: 1,
      periodMs: 5_000,
      autoShutdown: "never",
    });
  });
});

describe("as data", () => {
  test("a behaviour becomes a reference to its module, the rest stays", async () => {
    const spec = { id: "a", start: [scriptedChild, { x: 1 }], restart: "transient" } as const;
    expect(await specAsData(spec)).toEqual({
      id: "a",
      start: [
        {
          kind: "behaviourRef",
          url: expect.stringMatching(/scripted-child\.js$/),
          exportName: "scriptedChild",
          site: expect.stringMatching(/^\d+:\d+$/),
        },
        { x: 1 },
      ],
      restart: "transient",
    });
    const setup: SupervisorSetup = { intensity: 3, children: [spec] };
    expect(await setupAsData(setup)).toEqual({ intensity: 3, children: [await specAsData(spec)] });
  });

  test("what is no spec is left for the supervisor to refuse", async () => {
    for (const nothing of [7, "a", null, { id: "a" }, { start: 3 }]) expect(await specAsData(nothing)).toEqual(nothing);
  });

  test("a behaviour that no module exports is refused with the remedy", async () => {
    const unexported = defineActor({ receive: () => undefined });
    await expect(specAsData({ id: "a", start: [unexported] })).rejects.toMatchObject({ code: "module_unknown" });
  });
});

describe("what is no setup at all is refused where it is given, with what is wanted", () => {
  const host: SupervisionHost = {
    thread: 0,
    spawn: () => {
      throw new Error("nothing is spawned");
    },
  };
  const refusal = (words: string) =>
    expect.objectContaining({ code: "bad_argument", message: expect.stringContaining(words) });

  test.each([null, undefined, 5, "x", [good]])("supervise(%j)", async (setup) => {
    const words = "supervise wants a setup, a record of flags and children";
    await expect(superviseOn(host, setup as SupervisorSetup)).rejects.toEqual(refusal(words));
  });

  test.each([
    [undefined, "a dynamic supervisor wants { child: { start: [behaviour, argument] }"],
    [{ intensity: 3 }, "a dynamic supervisor wants { child"],
    [{ strategy: "one_for_one", child: good }, "a dynamic supervisor has no strategy"],
    [{ autoShutdown: "never", child: good }, "a dynamic supervisor has no autoShutdown"],
    [{ children: [good], child: good }, "a dynamic supervisor has no children"],
  ])("dynamicSetup(%j)", (setup, words) => {
    expect(() => dynamicSetup(setup as unknown as DynamicSetup)).toThrow(refusal(words));
  });

  const partitions = { name: "p", partitions: 2, child: { start: [worker] } };
  test.each([
    [undefined, "partitions want { name, partitions, child"],
    [{ ...partitions, partitions: 1e9 }, "partitions are a whole number from 1 to 1048576, got 1000000000"],
    [{ ...partitions, partitions: "2" }, 'partitions are a whole number from 1 to 1048576, got "2"'],
    [{ ...partitions, name: "" }, "the name of partitions is a text"],
    [{ ...partitions, name: "n".repeat(300) }, "the name of partitions is a text"],
    [{ ...partitions, child: undefined }, 'the child of partitions "p" wants start'],
    [{ ...partitions, argumentsByPartition: [1] }, "argumentsByPartition has 1: give one for each"],
  ])("partitionSetup(%j)", (setup, words) => {
    expect(() => partitionSetup(setup as unknown as PartitionSetup)).toThrow(refusal(words));
  });

  test.each([undefined, { children: [] }])("defineSupervisor(%j)", (init) => {
    const words = "defineSupervisor wants a function that answers flags and children";
    expect(() => defineSupervisor(init as never)).toThrow(refusal(words));
  });
});
