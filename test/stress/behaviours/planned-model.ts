/** A model that says what is planned, by what it is shown alone; and tells the outside what it was shown. */
import {
  type ChatEnd,
  type ChatOutlet,
  type ChatRequest,
  configSchema,
  defineModel,
  type ModelDriver,
  modelLimits,
} from "../../../core/index.ts";
import { answerText, digestOf, plannedCalls, turnOf } from "./agent-plan.ts";
import { agentPoint } from "./agent-points.ts";
import { say } from "./say.ts";

class PlannedDriver implements ModelDriver {
  async chat({ messages }: ChatRequest, out: ChatOutlet): Promise<ChatEnd> {
    agentPoint("model-asked");
    const [first] = messages;
    const isSummary = first?.role === "system" && first.content.startsWith("You sum up");
    const isCalling = isSummary ? await this.#say(out, "what was before") : await this.#next(messages.slice(1), out);
    // The last of it is still on its way.
    setImmediate(() => agentPoint("model-answered"));
    return { model: "planned", finishReason: isCalling ? "toolCalls" : "stop", usage: undefined };
  }

  /** Whether it calls tools. */
  async #next(shown: ChatRequest["messages"], out: ChatOutlet): Promise<boolean> {
    const asked = shown.findLastIndex(({ role }) => role === "user");
    const turn = turnOf(shown[asked]?.content ?? "");
    const since = shown.slice(asked + 1);
    const step = since.filter(({ role }) => role === "assistant").length;
    say(`sees ${turn} ${step} ${shown.length} ${digestOf(shown)}`);
    const calls = plannedCalls(turn, step);
    const results = since.flatMap(({ role, content = "" }) => (role === "tool" ? [content] : []));
    await this.#say(out, calls.length > 0 ? `step ${step}` : answerText(turn, results));
    for (const [index, { tool: name, work }] of calls.entries()) {
      const given = JSON.stringify({ work });
      await out.write({ type: "toolCall", index, id: `call-${work}`, name, arguments: given.slice(0, 5) });
      await out.write({ type: "toolCall", index, arguments: given.slice(5) });
    }
    return calls.length > 0;
  }

  async #say(out: ChatOutlet, text: string): Promise<false> {
    const half = text.length / 2;
    await out.write({ type: "text", text: text.slice(0, half) });
    agentPoint("model-midway");
    await out.write({ type: "text", text: text.slice(half) });
    return false;
  }
}

export const plannedModel = defineModel({
  name: "llm-planned",
  version: "0.0.1",
  config: { schema: configSchema(modelLimits) },
  open: () => Promise.resolve(new PlannedDriver()),
});
