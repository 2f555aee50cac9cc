/**
 * A support desk: the first agent finds out what somebody wants and hands it on; refunds wait for a person's word.
 *
 *     mofa chat examples/agents/support.ts --session desk
 */
import { defineTool, defineTools, type PluginUse } from "mofa";
import { defineAgent } from "mofa/actors";
import { storageSqlite } from "mofa/plugins/storage-sqlite";
import { thinkWith } from "./model.ts";

const orders: Record<string, { readonly item: string; readonly cents: number; isRefunded: boolean }> = {
  "1001": { item: "a kettle", cents: 3_900, isRefunded: false },
  "1002": { item: "a lamp", cents: 5_500, isRefunded: false },
};
const order = { type: "object", properties: { order: { type: "string" } }, required: ["order"] };

export const toolShop = defineTools({
  name: "tool-shop",
  version: "1.0.0",
  tools: [
    defineTool<{ order: string }, unknown>({
      name: "look_up",
      description: "What was ordered, and for how much.",
      input: order,
      isReadOnly: true,
      run: ({ order: number }) => orders[number] ?? `there is no order ${number}`,
    }),
    defineTool<{ order: string }, string>({
      name: "refund",
      description: "Gives the money of an order back.",
      input: order,
      needsApproval: true,
      run({ order: number }) {
        const found = orders[number];
        if (found === undefined) return `there is no order ${number}`;
        if (found.isRefunded) return `order ${number} was refunded before`;
        found.isRefunded = true;
        return `${(found.cents / 100).toFixed(2)} were given back for ${found.item}`;
      },
    }),
  ],
});

const model = thinkWith([
  {
    when: { contains: "(Handed over", tool: "refund" },
    answer: { toolCalls: [{ name: "look_up", arguments: { order: "1001" } }] },
  },
  {
    when: { role: "tool", contains: "cents" },
    answer: { toolCalls: [{ name: "refund", arguments: { order: "1001" } }] },
  },
  { when: { role: "tool", contains: "tool_denied" }, answer: { content: "I am sorry, that cannot be refunded." } },
  { when: { role: "tool", contains: "given back" }, answer: { content: "Done: {last}." } },
  {
    when: { tool: "hand_off_to_billing", contains: "money" },
    answer: {
      toolCalls: [{ name: "hand_off_to_billing", arguments: { note: "They want the money of order 1001 back." } }],
    },
  },
  { answer: { content: "Good day! Do you ask about an order, or do you want your money back?" } },
]);

export const agent = defineAgent({
  name: "desk",
  description: "Finds out what somebody wants.",
  model: model.name,
  instructions: "You greet people, find out what they want, and hand what concerns money to billing.",
  handOffs: [{ to: "billing", description: "For whatever concerns money." }],
});

export const billing = defineAgent({
  name: "billing",
  description: "Looks after orders and refunds.",
  model: model.name,
  instructions: "You look an order up before you refund it.",
  tools: ["tool-shop"],
});

export const agents = [billing];

export const plugins: readonly PluginUse[] = [
  { plugin: storageSqlite, config: { file: process.env["MOFA_DESK_FILE"] ?? "desk.sqlite" } },
  { plugin: toolShop },
  model.plugin,
];
