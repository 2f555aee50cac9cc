/** The runtime's tasks, from their submit to the first line of the turn that does them; and a plain cast on the same way. */
import { type Context, defineServer, type Ref, startSystem } from "../../index.ts";
import type { Contender } from "../harness.ts";
import type { Repetition } from "./scenario.ts";
import { systemContender } from "./system-contender.ts";

export interface SubmittingOptions {
  readonly name: string;
  readonly verb: "submit" | "cast";
  /** Scheduler positions of who submits and of the agent: 0 is main, where the table of tasks is. */
  readonly from: number;
  readonly to: number;
}

interface Begun {
  readonly number: number;
  readonly atUs: number;
}

/** One clock for all threads of the process. */
const nowUs = () => Number(process.hrtime.bigint()) / 1_000;

/** Says when its turn began. */
export const stamper = defineServer({
  init: () => ({ begun: { number: -1, atUs: 0 } as Begun }),
  calls: {
    begin: (_state, number: number): Begun => ({ atUs: nowUs(), number }),
    last: (state): Begun => state.begun,
  },
  casts: {
    begin: (state, number: number) => {
      state.begun = { atUs: nowUs(), number };
    },
  },
});

const verbs: Readonly<Record<SubmittingOptions["verb"], (to: Ref, number: number, ctx: Context) => Promise<unknown>>> =
  {
    submit: (to, number, ctx) => ctx.submit({ to, call: "begin", argument: number }).result(),
    cast: (to, number, ctx) => {
      ctx.cast(to, "begin", number);
      return ctx.call(to, "last");
    },
  };

interface Play {
  readonly verb: SubmittingOptions["verb"];
  readonly size: number;
}

/** Plays on its own thread, against a stamper on another or on the same. */
export const submitter = defineServer({
  init: (to: number, ctx) => ({ stamper: ctx.spawn(stamper, undefined, { placement: { thread: to } }) }),
  calls: {
    play: async (state, { verb, size }: Play, ctx) => {
      const latenciesUs = new Float64Array(size);
      let result = 0;
      for (let count = 0; count < size; count++) {
        const startUs = nowUs();
        const { number, atUs } = (await verbs[verb](state.stamper, count, ctx)) as Begun; // as the stamper answers
        latenciesUs[count] = atUs - startUs;
        result += number;
      }
      const elapsedMs = latenciesUs.reduce((sum, latency) => sum + latency, 0) / 1_000;
      return { result, elapsedMs, latenciesUs } satisfies Repetition;
    },
  },
});

export function submitting({ name, verb, from, to }: SubmittingOptions): Contender {
  const start = async () => {
    const system = await startSystem({ threads: 2, checks: false, turnLimitMs: 60_000 });
    return { system, driver: await system.spawn(submitter, to, { placement: { thread: from } }) };
  };
  return systemContender(name, start, ({ driver }, size) =>
    driver.call("play", { verb, size }, { timeoutMs: Number.POSITIVE_INFINITY }),
  );
}
