/** Who works at the desk: writers, who are found by what they declare, and printers, who get each piece until it is printed. */
import { defineServer, type Envelope, type StandardSchema } from "mofa";

interface Style {
  readonly tone: string;
}

/** Any Standard Schema will do, such as `z.object({ tone: z.string() })` of zod; this one needs no package. */
const style: StandardSchema<Style> = {
  "~standard": {
    version: 1,
    vendor: "example",
    validate(value) {
      const { tone } = value as { readonly tone?: unknown };
      return typeof tone === "string" ? { value: { tone } } : { issues: [{ message: "a text", path: ["tone"] }] };
    },
  },
};

export const writer = defineServer({
  configuration: { schema: style, defaults: { tone: "dry" } },
  init: (name: string, _ctx, configuration) => ({ name, ...configuration }),
  configure(state, next) {
    if (next.tone === "shrill") return { refused: `${state.name} does not write like that` };
    state.tone = next.tone;
    return undefined;
  },
  calls: {
    async write(state, subject: string, ctx) {
      // It is kept for the printers when this resolves, whatever becomes of them.
      await ctx.publish(`pieces.${subject}`, `a ${state.tone} piece on ${subject}`, { ack: true });
      return `${subject} is written`;
    },
  },
});

export const printer = defineServer({
  async init(_: undefined, ctx) {
    await ctx.subscribe("pieces.*", { queue: "printers", ack: true, attempts: 3, backoff: { minMs: 10 } });
    return { plates: 0 };
  },
  info(state, message, ctx) {
    const piece = message as Envelope;
    if (piece.topic === "pieces.weather") throw new Error("no plate holds this");
    if (piece.topic === "pieces.sport" && piece.attempt === 1) throw new Error("out of ink");
    state.plates += 1;
    ctx.publish(piece.topic.replace("pieces", "printed"), `${String(piece.message)}, at attempt ${piece.attempt}`);
    ctx.ack(piece); // else it is given again, to whoever is there then
  },
});
