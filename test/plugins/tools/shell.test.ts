/** `tool-shell` against programs that do not want to end. Who is left is asked of the machine. Not in every placement: the contract's suite is. */
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "@jest/globals";
import { type SupervisorHandle, type ToolsClient, toolsOf } from "../../../index.ts";
import { toolShell } from "../../../plugins/tool-shell/index.ts";
import { toolUser } from "../../fixtures/tool-user.ts";
import { livingWith, processToken, whenGone, whenLiving } from "../../support/process-table.ts";
import { runProgram } from "../../support/run-program.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system" });
const running: SupervisorHandle[] = [];

const anything = [{ matches: "[^]*", isOption: true }];
const usual = {
  enabled: true,
  needsApproval: false,
  graceMs: 100,
  programs: [
    { name: "sh", path: "/bin/sh", arguments: anything, takesStdin: true },
    { name: "cat", path: "/bin/cat", takesStdin: true },
    { name: "print", path: "/usr/bin/printf", before: ["%s|"], arguments: [{ matches: "[^]*" }] },
  ],
};

async function start(more: object = {}): Promise<ToolsClient> {
  running.push(await system().startPlugins([{ plugin: toolShell, config: { ...usual, ...more } }]));
  return toolsOf(system(), "tool-shell");
}

afterEach(async () => {
  for (const { ref, exit } of running.splice(0)) {
    system().exit(ref, "shutdown");
    await exit;
  }
});

const outcome = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const sh = (tools: ToolsClient, script: string, token: string, options = {}) =>
  tools.call("run_program", { program: "sh", arguments: ["-c", script, token] }, options);

/** Four of it that have the token, one in a session of its own and one behind that whose parent has gone, all deaf to SIGTERM. */
const deaf = `
trap '' TERM INT HUP
sh -c 'trap "" TERM; while :; do sleep 1; done' "$0" &
setsid sh -c 'trap "" TERM; while :; do sleep 1; done' "$0" &
(setsid sh -c 'trap "" TERM; while :; do sleep 1; done' "$0" &)
while :; do sleep 1; done
`;

test("a program gives its exit code and what it has written to both", async () => {
  expect(await sh(await start(), "echo out; echo err >&2; exit 3", "token")).toEqual({
    exitCode: 3,
    signal: null,
    stdout: "out\n",
    stderr: "err\n",
    stdoutTruncated: false,
    stderrTruncated: false,
  });
});

test("arguments are handed on as they are: no shell reads them", async () => {
  const tools = await start();
  const text = "$(id) `id` ; id | id > /tmp/x & \"'\\ * ~ \n#";
  expect(await tools.call("run_program", { program: "print", arguments: [text, ""] })).toMatchObject({
    stdout: `${text}||`,
  });
});

test("arguments are handed on as they are through limits of the system, too", async () => {
  const tools = await start({ maxOpenFiles: 64 });
  const text = "$(id) `id` ; id | id > /tmp/x & \"'\\ * ~ \n#";
  expect(await tools.call("run_program", { program: "print", arguments: [text, ""] })).toMatchObject({
    stdout: `${text}||`,
  });
});

test("a program reads what it is given, and nothing where it is given nothing", async () => {
  const tools = await start();
  expect(await tools.call("run_program", { program: "cat", stdin: "a text" })).toMatchObject({ stdout: "a text" });
  expect(await tools.call("run_program", { program: "cat" })).toMatchObject({ stdout: "", exitCode: 0 });
});

test("a program that does not read what it is given has not failed", async () => {
  const tools = await start();
  const given = { program: "sh", arguments: ["-c", "exec 0<&-; echo done"], stdin: "x".repeat(65_536) };
  expect(await tools.call("run_program", given)).toMatchObject({ stdout: "done\n", exitCode: 0 });
});

test("a program has the environment of the configuration, a mark, and nothing of the runtime's", async () => {
  const tools = await start({ env: { GREETING: "hello" }, programs: [{ name: "env", path: "/usr/bin/env" }] });
  const { stdout } = (await tools.call("run_program", { program: "env" })) as { readonly stdout: string };
  expect(stdout).toMatch(/^GREETING=hello\nMOFA_RUN=[\w-]{36}\n$/);
});

test("a program that a signal has ended says which", async () => {
  expect(await sh(await start(), "kill -KILL $$", "token")).toMatchObject({ exitCode: null, signal: "SIGKILL" });
});

test("one that never ends is ended at the time limit, with all that it has started, however deaf", async () => {
  const token = processToken();
  const tools = await start({ timeoutMs: 1_500 });
  const call = outcome(sh(tools, deaf, token));
  await whenLiving(token, 4);
  expect(await call).toMatchObject({ code: "timeout" });
  await whenGone(token);
});

test("the run has its room until nothing of it is left", async () => {
  const token = processToken();
  const tools = await start({ timeoutMs: 1_500, maxConcurrent: 1, graceMs: 500 });
  const call = outcome(sh(tools, deaf, token));
  await whenLiving(token, 4);
  await call;
  expect(await tools.call("run_program", { program: "print", arguments: ["next"] }).catch(({ code }) => code)).toBe(
    "queue_full",
  );
  await whenGone(token);
});

test("one that is asked to end has time for it", async () => {
  const token = processToken();
  const tools = await start({ graceMs: 20_000 });
  const controller = new AbortController();
  const call = outcome(sh(tools, `trap 'exit 0' TERM; sleep 1000$0 & wait`, token, { signal: controller.signal }));
  await whenLiving(token, 2);
  controller.abort();
  expect(await call).toMatchObject({ code: "cancelled" });
  await whenGone(token); // long before the 20 s
});

test("who gives up has ended all of it", async () => {
  const token = processToken();
  const tools = await start();
  const controller = new AbortController();
  const call = outcome(sh(tools, deaf, token, { signal: controller.signal }));
  await whenLiving(token, 4);
  controller.abort();
  expect(await call).toMatchObject({ code: "cancelled" });
  await whenGone(token);
});

test("an agent that dies has ended all of it", async () => {
  const token = processToken();
  await start();
  const agent = await system().spawn(toolUser);
  const given = { program: "sh", arguments: ["-c", deaf, token] };
  const call = outcome(agent.call("use", ["tool-shell", "run_program", given]));
  await whenLiving(token, 4);
  system().exit(agent, "kill");
  await call;
  await whenGone(token);
});

test("a plugin that ends has ended all of it before", async () => {
  const token = processToken();
  const tools = await start();
  const call = outcome(sh(tools, deaf, token));
  await whenLiving(token, 4);
  for (const { ref, exit } of running.splice(0)) {
    system().exit(ref, "shutdown");
    await exit;
  }
  expect(await livingWith(token)).toEqual([]);
  expect(await call).toMatchObject({ code: "shutdown" });
});

test("a plugin that is killed has ended all of it", async () => {
  const token = processToken();
  const tools = await start();
  const call = outcome(sh(tools, deaf, token));
  await whenLiving(token, 4);
  const [plugin] = await system().plugins();
  if (plugin?.ref === undefined) throw new Error("the plugin does not run");
  system().exit(plugin.ref, "kill");
  expect(await call).toMatchObject({ code: "killed" });
  await whenGone(token);
  await whenGone("mofa-watcher", process.pid);
});

test.each(["shared", "thread", "process"])(
  "a kill -9 of the whole runtime ends all of it: isolation %s",
  async (isolation) => {
    const token = processToken();
    const program = fileURLToPath(new URL("../../fixtures/programs/run-forever.js", import.meta.url));
    const spawned = Promise.withResolvers<(signal: NodeJS.Signals) => void>();
    const ended = runProgram(process.execPath, [program, deaf, token, isolation], { onSpawn: spawned.resolve });
    const kill = await spawned.promise;
    // The runtime's own process has the token, too.
    await whenLiving(token, 5);
    kill("SIGKILL");
    await whenGone(token);
    expect(await ended).toMatchObject({ signal: "SIGKILL" });
  },
);

test("one that has ended leaves nothing that it has started in the background", async () => {
  const token = processToken();
  const tools = await start();
  const script = `setsid sleep 1000$0 & sleep 2000$0 & echo started`;
  expect(await sh(tools, script, token)).toMatchObject({ exitCode: 0, stdout: "started\n" });
  expect(await livingWith(token)).toEqual([]);
});

test("one that closes its stdout and stays is ended as others are", async () => {
  const token = processToken();
  const tools = await start({ timeoutMs: 500 });
  expect(await outcome(sh(tools, `exec 1>&- 2>&-; exec sleep 1000$0`, token))).toMatchObject({ code: "timeout" });
  await whenGone(token);
});

test("one that hides from the table of processes does not hold its call by the pipes that it has", async () => {
  const token = processToken();
  const tools = await start();
  const hide = `
pipe=$(mktemp -u); mkfifo "$pipe"
env -i /usr/bin/setsid /bin/sh -c 'echo hidden > "$1"; sleep 30; :' "$0" "$pipe" &
read -r line < "$pipe"; rm "$pipe"; echo "$line"
`;
  expect(await sh(tools, hide, token)).toMatchObject({ exitCode: 0, stdout: "hidden\n" });
  const hidden = await livingWith(token);
  expect(hidden).toHaveLength(1);
  for (const pid of hidden) process.kill(pid, "SIGKILL");
});

test("a flood is cut off, and its program ended", async () => {
  const token = processToken();
  const tools = await start({ maxOutputBytes: 1_000, maxDiscardedBytes: 100_000 });
  const answer = (await sh(tools, `while :; do echo flood; echo flood >&2; done; : $0`, token)) as Record<
    string,
    unknown
  >;
  expect(answer).toMatchObject({ exitCode: null, signal: "SIGTERM", stdoutTruncated: true, stderrTruncated: true });
  expect([String(answer["stdout"]).length, String(answer["stderr"]).length]).toEqual([1_000, 1_000]);
  await whenGone(token);
});

test("what is written beyond the bound is left out, and the program goes on to its end", async () => {
  const tools = await start({ maxOutputBytes: 4 });
  expect(await sh(tools, `printf '\u00e9\u00e9\u00e9'; exit 7`, "token")).toMatchObject({
    exitCode: 7,
    stdout: "\u00e9\u00e9",
    stdoutTruncated: true,
  });
  expect(await sh(tools, `printf '\u00e9a\u00e9'`, "token")).toMatchObject({
    stdout: "\u00e9a",
    stdoutTruncated: true,
  });
});

test("it is off unless it is turned on, and says who can do that", async () => {
  const tools = await start({ enabled: false });
  await expect(tools.call("run_program", { program: "print" })).rejects.toMatchObject({
    code: "tool_denied",
    message: expect.stringContaining("enabled: true"),
  });
});

test("each run waits for approval by default, and one that may not be is refused before", async () => {
  const tools = await start({ needsApproval: undefined });
  const asked = Promise.withResolvers<string>();
  const call = tools.call("run_program", { program: "print", arguments: ["yes"] }, { onApproval: asked.resolve });
  await tools.decide({ id: await asked.promise, isApproved: true });
  expect(await call).toMatchObject({ stdout: "yes|" });
  await expect(tools.call("run_program", { program: "cat", arguments: ["/etc/passwd"] })).rejects.toMatchObject({
    code: "tool_denied",
  });
});

test.each([
  ["a program that is not there", { programs: [{ name: "no", path: "/no/such/program" }] }],
  ["a folder as program", { programs: [{ name: "no", path: "/usr" }] }],
  ["a file that is no program", { programs: [{ name: "no", path: "/etc/passwd" }] }],
  ["a folder that is not there", { cwd: "/no/such/folder" }],
])("%s is no start", async (_what, more) => {
  await expect(start(more)).rejects.toMatchObject({ message: expect.stringContaining("tool-shell: ") });
});
