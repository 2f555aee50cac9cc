/** Erlang/OTP, gen_server_SUITE: crashes and their reports. Cases by their names there; see cases.json. Not in every placement: the server is on a scheduler thread and who asks it on main, unless a case says otherwise. */
import { describe, expect, test } from "@jest/globals";
import type { CrashReport, ExitReason } from "../../core/index.ts";
import { EventRecorder, Probe } from "../../testing/index.ts";
import { breaksInTerminate, continuesInVain, type GenServerStart, genServer } from "../fixtures/gen-server.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const other = { placement: { thread: 1 } } as const;

/** Starts a server, crashes it, and gives the reports that came of it. */
async function reportsOf(start: GenServerStart, end: (ref: Server) => unknown): Promise<CrashReport[]> {
  using recorder = new EventRecorder(system(), ["crashed"]);
  const ref = await system().spawn(genServer, start, other);
  await end(ref);
  await system().settled();
  expect(system().isAlive(ref)).toBe(false);
  return recorder.events as unknown as CrashReport[]; // the recorder narrows by type at run time
}

type Server = Awaited<ReturnType<typeof startGenServer>>;
const startGenServer = () => system().spawn(genServer);

const crash = (ref: Server) => ref.call("crash", "crashed").catch(() => undefined);

describe("gen_server_SUITE", () => {
  test("crash: normal, shutdown and { shutdown } make no crash report, anything else does", async () => {
    for (const reason of ["normal", "shutdown", { shutdown: "reason" }] satisfies ExitReason[]) {
      expect([reason, await reportsOf({}, (ref) => ref.call("stop", reason))]).toEqual([reason, []]);
    }
    expect(await reportsOf({}, (ref) => ref.call("stop", "other"))).toEqual([
      expect.objectContaining({ reason: "other" }),
    ]);
    expect(await reportsOf({ secret: "state4" }, crash)).toEqual([
      expect.objectContaining({
        behaviour: "genServer",
        reason: {
          error: expect.objectContaining({ message: "crashed", stack: expect.stringContaining("gen-server") }),
        },
        state: expect.stringContaining("state4"),
        message: expect.stringContaining("crash"),
      }),
    ]);
  });

  test("error_format_status: a crash report shows the state as format returns it", async () => {
    const [report] = await reportsOf({ format: "redact", secret: "password" }, crash);
    expect(report?.state).toContain("formatted");
    expect(report?.state).not.toContain("password");
  });

  test("terminate_crash_format: a crash in terminate is reported with the state as format returns it", async () => {
    const [report] = await reportsOf({ format: "redact", secret: "password", terminateThrows: true }, (ref) =>
      ref.call("stop"),
    );
    expect(report).toMatchObject({ reason: { error: { message: "crash in terminate" } } });
    expect(report?.state).toContain("formatted");
    expect(report?.state).not.toContain("password");
  });

  test("crash_in_format_status: a format that crashes does not hide the report", async () => {
    const [report] = await reportsOf({ format: "throw", secret: "password" }, crash);
    expect(report).toMatchObject({ reason: { error: { message: "crashed" } } });
    expect(report?.state).not.toContain("password");
  });

  test("throw_in_format_status: a format that throws what is no error does not hide the report", async () => {
    const [report] = await reportsOf({ format: "throwText", secret: "password" }, crash);
    expect(report).toMatchObject({ reason: { error: { message: "crashed" } } });
    expect(report?.state).not.toContain("password");
  });

  test("undef_handle_continue: continue without its handler ends the server with undef", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(continuesInVain, undefined, other);
    const watch = await probe.watch(ref);
    ref.cast("go");
    expect(await watch.reason()).toMatchObject({ error: { code: "undef" } });
  });

  test("undef_in_terminate: an undefined function called in terminate is the exit reason", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(breaksInTerminate, undefined, other);
    const watch = await probe.watch(ref);
    const stopped = system().stopActor(ref);
    expect(await watch.reason()).toMatchObject({ error: { name: "TypeError" } });
    expect(await stopped).toMatchObject({ error: { name: "TypeError" } });
  });

  test("undef_in_handle_info: an undefined function called in info is a crash and not a missing handler", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(genServer, undefined, other);
    const watch = await probe.watch(ref);
    ref.send({ broken: true });
    const reason = await watch.reason();
    expect(reason).toMatchObject({ error: { name: "TypeError" } });
    expect(reason).not.toMatchObject({ error: { code: "undef" } });
  });
});
