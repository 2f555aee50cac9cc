/** A plugin of a WebAssembly module, a plain one beside it, and the actor that calls them. */
import { definePlugin, defineServer } from "../index.ts";
import { wasmPlugin } from "../plugins/wasm/index.ts";
import { numbered, numberOf } from "./peers/numbered-bytes.ts";
import { timeEach } from "./peers/stopwatch.ts";

export const modulePlugin = wasmPlugin({ name: "module", version: "1.0.0" });

export const echoPlugin = definePlugin({
  name: "echo",
  version: "1.0.0",
  behaviour: { calls: { handle: (_state, input: Uint8Array) => input.slice() } },
});

export const moduleCaller = defineServer({
  calls: {
    play: async (_state, { plugin, size }: { readonly plugin: string; readonly size: number }, ctx) =>
      await timeEach(size, async (number, watch) => {
        const input = numbered(number);
        watch.start();
        const answer = await ctx.call(`plugin.${plugin}`, "handle", input);
        watch.lap();
        return numberOf(answer as Uint8Array);
      }),
  },
});
