/** A plugin of the runtime, called with 1 KB: one of a module, or one that gives back its input. From an actor beside it, or from main. */
import { startSystem } from "../../index.ts";
import type { Contender } from "../harness.ts";
import { echoPlugin, moduleCaller, modulePlugin } from "../modules.ts";
import { echoModule } from "./echo-module.ts";
import { numbered, numberOf } from "./numbered-bytes.ts";
import { timeEach } from "./stopwatch.ts";
import { systemContender } from "./system-contender.ts";

export interface ModuleCallsOptions {
  readonly name: string;
  readonly plugin: "echo" | "module";
  readonly from: "beside" | "main";
}

export function moduleCalls({ name, plugin, from }: ModuleCallsOptions): Contender {
  const start = async () => {
    const system = await startSystem({ threads: 1, spare: false, checks: false, turnLimitMs: 60_000 });
    const config = { kind: "bytes", module: echoModule };
    await system.startPlugins([echoPlugin, { plugin: modulePlugin, config }]);
    const caller = await system.spawn(moduleCaller, undefined, { placement: { thread: 1 } });
    return { system, caller };
  };
  return systemContender(name, start, ({ system, caller }, size) =>
    from === "beside"
      ? caller.call("play", { plugin, size }, { timeoutMs: Number.POSITIVE_INFINITY })
      : timeEach(size, async (number, watch) => {
          const input = numbered(number);
          watch.start();
          const answer = await system.call(`plugin.${plugin}`, "handle", input);
          watch.lap();
          return numberOf(answer as Uint8Array);
        }),
  );
}
