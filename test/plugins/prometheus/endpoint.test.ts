/** `prometheus`: scraped over HTTP, and read by the rules of its format. Its keys are looked at in `key-tables/prometheus`. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { eventMetrics, statsMetrics } from "../../../core/index.ts";
import { modelOf, type SupervisorHandle } from "../../../index.ts";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import { type EndpointAddress, prometheus } from "../../../plugins/prometheus/index.ts";
import { asker } from "../../fixtures/asking-actors.ts";
import { codeOf } from "../../support/bad-input.ts";
import { get, parsed } from "../../support/scrape.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 2 });
let running: SupervisorHandle | undefined;

async function stop(): Promise<void> {
  if (running === undefined) return;
  system().exit(running.ref, "shutdown");
  await running.exit;
  running = undefined;
}
afterEach(stop);

async function start(config: object = {}, model: object = {}): Promise<string> {
  running = await system().startPlugins([
    { plugin: prometheus, config: { port: 0, ...config } },
    { plugin: llmScripted, config: { ...model } },
  ]);
  const { url } = (await system().call("plugin.prometheus", "address")) as EndpointAddress;
  return url;
}

const chat = (model?: string) =>
  modelOf(system(), "llm-scripted").chat({
    messages: [{ role: "user", content: "hello" }],
    ...(model !== undefined && { model }),
  });

async function page(url: string) {
  await system().settled();
  return parsed((await get(url)).text);
}

const sum = (values: ReadonlyMap<string, number>, metric: string) =>
  [...values].reduce((all, [series, value]) => (series.startsWith(`${metric}{`) ? all + value : all), 0);

test("a scrape is in the format of Prometheus, with what lives and what was handled", async () => {
  const url = await start();
  const { status, headers } = await get(url);
  expect([status, headers["content-type"]]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
  const { types, values } = await page(url);
  expect(sum(values, "mofa_actors")).toBe((await system().stats()).actors);
  expect(values.get("mofa_turns_total")).toBeGreaterThan(0);
  expect(values.get('mofa_mailbox_messages{thread="1"}')).toBe(0);
  expect([types.get("mofa_actors"), types.get("mofa_turns_total"), types.get("mofa_operation_seconds")]).toEqual([
    "gauge",
    "counter",
    "histogram",
  ]);
});

test("each metric of the runtime's list is there, by Prometheus's name for it", async () => {
  const { types } = await page(await start());
  const listed = [...statsMetrics, ...Object.values(eventMetrics)].map(({ name, type }) => [
    name.replaceAll(".", "_") + (type === "counter" ? "_total" : ""),
    type,
  ]);
  expect(listed.length).toBeGreaterThan(10);
  expect([...types]).toEqual(expect.arrayContaining(listed));
});

test("messages that an actor has not taken are those of its thread's mailboxes", async () => {
  const url = await start();
  const actor = await system().spawn(asker, undefined, { placement: { thread: 1 } });
  await system().pause(actor);
  for (let message = 0; message < 5; message++) actor.send(message);
  await system().settled();
  const { values } = await page(url);
  await system().resume(actor);
  system().exit(actor, "kill");
  expect(values.get('mofa_mailbox_messages{thread="1"}')).toBe(5);
});

test("what models read and write is counted by model, and how long they took", async () => {
  const url = await start();
  const { usage } = await chat("big").answer();
  await chat("big").answer();
  const { values } = await page(url);
  expect(values.get('mofa_model_tokens_total{model="big",type="input"}')).toBe(2 * (usage?.inputTokens ?? 0));
  expect(values.get('mofa_model_tokens_total{model="big",type="output"}')).toBe(2 * (usage?.outputTokens ?? 0));
  expect(values.get('mofa_operation_seconds_count{operation="chat",subject="big"}')).toBe(2);
  expect(values.get('mofa_operation_seconds_bucket{operation="chat",subject="big",le="+Inf"}')).toBe(2);
});

test("a chat that fails is counted by its code, under its model's name if one has answered by that", async () => {
  const error = { content: "", error: { code: "model_quota" } };
  const url = await start({}, { turns: [error, { content: "well" }, error] });
  for (const code of ["model_quota", undefined, "model_quota"])
    expect(await codeOf(chat("big").answer())).toBe(code ?? "no error");
  const { values } = await page(url);
  const failed = (subject: string) =>
    values.get(`mofa_operation_failures_total{operation="chat",subject="${subject}",code="model_quota"}`);
  expect([failed("other"), failed("big")]).toEqual([1, 1]);
});

test("crashes, ends, restarts and dead letters are counted", async () => {
  const url = await start();
  const before = (await page(url)).values;
  const tree = await system().supervise(
    { children: [{ id: "asker", name: "asker", start: [asker] }] },
    { name: "tree" },
  );
  await system()
    .call("asker", "fail")
    .catch(() => {});
  await system().settled();
  const gone = await system().spawn(asker, undefined);
  system().exit(gone, "kill");
  await system().settled();
  gone.send("anybody");
  const { values } = await page(url);
  const more = (series: string) => (values.get(series) ?? 0) - (before.get(series) ?? 0);
  expect(more('mofa_restarts_total{supervisor="tree"}')).toBe(1);
  expect(more("mofa_crashes_total")).toBeGreaterThanOrEqual(1);
  expect(more('mofa_exits_total{reason="error"}')).toBe(1);
  expect(more('mofa_exits_total{reason="killed"}')).toBe(1);
  expect(more('mofa_dead_letters_total{why="noproc"}')).toBe(1);
  system().exit(tree.ref, "shutdown");
  await tree.exit;
});

test("a name with quotes, strokes and ends of lines is one label, and no line of its own", async () => {
  const url = await start();
  await chat('a"} 1\nmofa_actors{thread="0"} 99\\').answer();
  const { values } = await page(url);
  const [series] = [...values.keys()].filter((one) => one.includes("mofa_actors{thread=\\"));
  expect(series).toBe('mofa_model_tokens_total{model="a\\"} 1\\nmofa_actors{thread=\\"0\\"} 99\\\\",type="input"}');
});

test("whoever makes up names gets no more series than maxSeries, and what they did is counted as that of others", async () => {
  const url = await start({ maxSeries: 4 });
  for (let model = 0; model < 20; model++) await chat(`model ${model}`).answer();
  const { values } = await page(url);
  const chats = [...values].filter(([series]) => series.startsWith("mofa_operation_seconds_count{"));
  expect(chats).toHaveLength(5);
  expect(chats).toContainEqual(['mofa_operation_seconds_count{operation="other",subject="other"}', 16]);
});

test("nothing else is there, and nothing is written", async () => {
  const url = await start();
  expect((await get(url.replace("/metrics", "/"))).status).toBe(404);
  expect(await get(url, "POST")).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
  expect(await get(url, "HEAD")).toMatchObject({ status: 200, text: "" });
});

test("a port that somebody has is a start that fails, and says so", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await expect(system().startPlugins([{ plugin: prometheus, config: { port } }])).rejects.toMatchObject({
    message: expect.stringContaining(`127.0.0.1:${port} (listen EADDRINUSE`) as unknown,
  });
  server.close();
});

test("it closes with its plugin, also for those who are connected, and opens again where that is started again", async () => {
  const url = await start();
  const { hostname, port } = new URL(url);
  const idle = connect(Number(port), hostname);
  await once(idle, "connect");
  const closed = once(idle, "close");
  idle.on("error", () => {});
  await stop();
  await closed;
  await expect(get(url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  expect(await start({ port: Number(port) })).toBe(url);
});

test("one that is killed leaves nobody listening, and its successor gets the port", async () => {
  const { port } = new URL(await start());
  await stop();
  const url = await start({ port: Number(port) });
  const idle = connect(Number(port), "127.0.0.1");
  await once(idle, "connect");
  const closed = once(idle, "close");
  idle.on("error", () => {});
  const ref = system().whereis("plugin.prometheus");
  if (ref === undefined) throw new Error("it runs");
  const { down } = await system().monitor(ref);
  system().exit(ref, "kill");
  await down;
  await closed;
  await system().settled();
  expect(await system().call("plugin.prometheus", "address")).toMatchObject({ url });
  expect((await page(url)).values.size).toBeGreaterThan(10);
});

test("two names that differ by half a character alone are one series", async () => {
  const url = await start();
  for (const half of ["\ud800", "\ud801"]) await chat(`m${half}`).answer();
  expect((await page(url)).values.get('mofa_operation_seconds_count{operation="chat",subject="m\ufffd"}')).toBe(2);
});

test("it is on main, and in no process or thread of its own", async () => {
  await start();
  expect(system().whereis("plugin.prometheus")?.thread).toBe(system().self.thread);
  await stop();
  await expect(
    system().startPlugins([{ plugin: prometheus, config: { port: 0 }, isolation: "process" }]),
  ).rejects.toMatchObject({ code: "bad_argument" });
});
