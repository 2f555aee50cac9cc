/** The plugin of the module, and one that keeps count, which must not notice when the module fails. */
import { definePlugin } from "mofa";
import { wasmPlugin } from "mofa/plugins/wasm";

export const words = wasmPlugin({ name: "words", version: "1.0.0" });

export const tally = definePlugin({
  name: "tally",
  version: "1.0.0",
  behaviour: {
    init: () => ({ total: 0 }),
    calls: {
      add: (state, count: number) => {
        state.total += count;
        return state.total;
      },
    },
  },
});
