/** An actor that listens to a model, and takes down how late each of its tokens is. */
import { type AnswerDelta, defineServer, modelOf } from "../index.ts";
import { wallNowMs } from "./wall.ts";

interface Listener {
  deltas: AsyncIterator<AnswerDelta> | undefined;
}

export interface Listen {
  readonly tokensPerSecond: number;
  readonly tokens: number;
}

export const listener = defineServer({
  init: (): Listener => ({ deltas: undefined }),
  calls: {
    /** So many tokens of its one stream that are written from now on; those before them nobody has waited for. @returns of each the time from its writing to here, in ms */
    async listen(state: Listener, { tokensPerSecond, tokens }: Listen, ctx): Promise<readonly number[]> {
      state.deltas ??= modelOf(ctx, "llm-openai")
        .chat({ model: String(tokensPerSecond), messages: [{ role: "user", content: "beat" }] })
        [Symbol.asyncIterator]();
      const lags: number[] = [];
      const sinceMs = wallNowMs();
      while (lags.length < tokens) {
        const { value, done = false } = await state.deltas.next();
        if (done) throw new Error("the stream has ended");
        const heardMs = wallNowMs();
        const stamps = value.type === "text" ? value.text.trim().split(" ").map(Number) : [];
        for (const stamp of stamps) if (stamp >= sinceMs && lags.length < tokens) lags.push(heardMs - stamp);
      }
      return lags;
    },
  },
});
