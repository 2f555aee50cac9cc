/** A stand-in for a language model: it gives its answer word by word, for as long as somebody reads. */
import { defineServer } from "mofa";

interface ModelState {
  /** Answers that nobody wanted to the end. */
  givenUp: number;
}

/** What it says to a prompt. */
function* wordsFor(prompt: string): Generator<string> {
  if (prompt === "count") for (let n = 1; ; n++) yield String(n);
  yield* `You said ${prompt}`.split(" ");
  if (prompt === "something hard") throw new Error("the model is lost for words");
}

export const model = defineServer({
  init: (): ModelState => ({ givenUp: 0 }),
  calls: {
    async answer(state, prompt: string, ctx) {
      const out = ctx.stream(ctx.from);
      let words = 0;
      try {
        for (const word of wordsFor(prompt)) {
          await out.write(word); // waits while the reader has as much as it wants
          words += 1;
        }
      } catch (error) {
        if ((error as { code?: string }).code !== "stream_closed") throw error;
        state.givenUp += 1;
      }
      return `${words} words`; // the end of the stream
    },
    givenUp: (state) => state.givenUp,
  },
});
