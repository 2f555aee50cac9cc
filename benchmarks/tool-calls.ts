/** A plugin of one tool, and the actor that calls it; and the same as a call of a plain plugin. */
import { defineServer, defineTool, defineTools, toolboxOf, toolsOf } from "../index.ts";
import type { Repetition } from "./peers/scenario.ts";
import { timeEach } from "./peers/stopwatch.ts";

export const toolPlugin = defineTools({
  name: "adder",
  version: "1.0.0",
  tools: [
    defineTool<{ number: number }, number>({
      name: "add_one",
      description: "Adds one to a number.",
      input: {
        type: "object",
        properties: { number: { type: "integer" } },
        required: ["number"],
        additionalProperties: false,
      },
      output: { type: "integer" },
      run: ({ number }) => number + 1,
    }),
  ],
});

export interface ToolPlay {
  /** `tool`: by its client. `model`: as a model has written the call, to the message that answers it. `plugin`: a plain plugin's call. */
  readonly way: "tool" | "model" | "plugin";
  readonly size: number;
}

export const toolCaller = defineServer({
  calls: {
    play(_state, { way, size }: ToolPlay, ctx): Promise<Repetition> {
      const tools = toolsOf(ctx, "adder");
      const box = toolboxOf(ctx, ["adder"]);
      const ask = async (number: number): Promise<number> => {
        switch (way) {
          case "tool":
            return (await tools.call("add_one", { number })) as number;
          case "model":
            return Number((await box.answer({ id: "1", name: "add_one", arguments: `{"number":${number}}` })).content);
          case "plugin":
            return (await ctx.call("plugin.counter", "next", number)) as number;
        }
      };
      return timeEach(size, async (number, watch) => {
        watch.start();
        const answer = await ask(number);
        watch.lap();
        return answer - 1;
      });
    },
  },
});
