/** Calls of a tool, or of a plain plugin, by an actor in its thread or in another. */
import { startSystem } from "../../index.ts";
import type { Contender } from "../harness.ts";
import { counterPlugin } from "../plugin-calls.ts";
import { type ToolPlay, toolCaller, toolPlugin } from "../tool-calls.ts";
import type { Repetition } from "./scenario.ts";
import { systemContender } from "./system-contender.ts";

export interface ToolCallsOptions {
  readonly name: string;
  readonly way: ToolPlay["way"];
  readonly where: "beside" | "between";
}

export function toolCalls({ name, way, where }: ToolCallsOptions): Contender {
  const start = async () => {
    const threads = where === "beside" ? 1 : 2;
    const system = await startSystem({ threads, spare: false, checks: false, turnLimitMs: 60_000 });
    await system.startPlugins([toolPlugin, counterPlugin]);
    const plugin = system.whereis(way === "plugin" ? "plugin.counter" : "plugin.adder");
    if (plugin === undefined) throw new Error("the plugin has no name");
    // Thread 0 is main.
    const thread = where === "beside" ? plugin.thread : (plugin.thread % threads) + 1;
    return { system, caller: await system.spawn(toolCaller, undefined, { placement: { thread } }) };
  };
  return systemContender(name, start, ({ caller }, size) => {
    const play: ToolPlay = { way, size };
    return caller.call("play", play, { timeoutMs: Number.POSITIVE_INFINITY }) as Promise<Repetition>;
  });
}
