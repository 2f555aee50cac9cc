/** Cuts in the middle of the kernel: culprits that call one verb without end are killed, and then all must be as before. */
import type { ExitReason, MofaSystem, Ref } from "../../index.ts";
import { type LoopStart, ledger, type Verb, verbLooper } from "../fixtures/verb-loops.ts";

const there = { placement: { thread: 1 } } as const;

/** What a thread holds when nobody does anything in it. */
interface Holdings {
  readonly actors: number;
  readonly timers: number;
  readonly openCalls: number;
  readonly openStreams: number;
  readonly queued: number;
  readonly outbox: number;
}

async function holdings(system: MofaSystem): Promise<readonly Holdings[]> {
  return (await system.stats()).threads.map(({ actors, timers, openCalls, openStreams, queued, outbox, position }) => ({
    actors,
    // Those of main are the runtime's own, which come and go.
    timers: position === 0 ? 0 : timers,
    // The one that asks.
    openCalls,
    openStreams,
    queued,
    outbox,
  }));
}

/** Resolves when main hears nothing from there. */
async function isHeld(near: Ref): Promise<void> {
  const answers = () =>
    near.call("ping", undefined, { timeoutMs: 20 }).then(
      () => true,
      () => false,
    );
  while (await answers());
}

export class VerbCuts {
  readonly #system: MofaSystem;
  readonly #near: Ref;
  readonly #far: Ref;
  #kills = 0;

  private constructor(system: MofaSystem, near: Ref, far: Ref) {
    this.#system = system;
    this.#near = near;
    this.#far = far;
  }

  static async start(system: MofaSystem): Promise<VerbCuts> {
    const near = await system.spawn(ledger, undefined, there);
    const far = await system.spawn(ledger, undefined, { placement: { thread: 0 } });
    // Names and modules that are used for the first time stay in tables of the threads.
    for (const ref of [near, far]) await ref.call("ping");
    // The runtime's own actors come with the first name.
    await system.register("the first name", far);
    await system.unregister("the first name");
    return new VerbCuts(system, near as Ref, far as Ref);
  }

  /** Kills a looper; returns what is wrong afterwards, a sentence each. */
  async kill(verb: Verb, isBehindAwait: boolean): Promise<string[]> {
    return await this.#run(verb, isBehindAwait, "killed", (looper) => this.#system.exit(looper, "kill"));
  }

  /** Interrupts a looper that lives on, lets it loop again, and stops it in order. */
  async interrupt(verb: Verb, times: number): Promise<string[]> {
    const system = this.#system;
    return await this.#run(verb, false, "interrupted", async (looper, begin, expect) => {
      for (let n = 1; n <= times; n++) {
        if (n > 1) {
          const call = begin(n);
          await isHeld(this.#near);
          void call.then((code) => expect("its caller got", code, "interrupted"));
        }
        while (!(await system.interrupt(looper, { graceMs: 0 }).catch(() => false)));
        expect("its hook has run", await looper.call("interrupts", undefined, { timeoutMs: 60_000 }), n);
      }
      await system.stopActor(looper, "shutdown");
    });
  }

  async #run(
    verb: Verb,
    isBehindAwait: boolean,
    code: "killed" | "interrupted",
    end: (
      looper: Ref,
      begin: (round: number) => Promise<unknown>,
      expect: (what: string, is: unknown, wanted: unknown) => void,
    ) => void | Promise<void>,
  ): Promise<string[]> {
    const system = this.#system;
    const key = `looper ${++this.#kills}`;
    await system.settled();
    const before = await holdings(system);
    const looper = await system.spawn(verbLooper, undefined, { ...there, turnLimitMs: Number.POSITIVE_INFINITY });
    const { down } = await system.monitor(looper);
    const start: LoopStart = { verb, near: this.#near, far: this.#far, key, isBehindAwait };
    // The numbers that the ledgers see count from 0 in each.
    const begin = (round: number) =>
      looper
        .call("go", { ...start, key: round === 1 ? key : `${key} (${round})` }, { timeoutMs: 60_000 })
        .catch((error: { code: string }) => error.code);
    const call = begin(1);
    await isHeld(this.#near);
    const wrong: string[] = [];
    const expect = (what: string, is: unknown, wanted: unknown) => {
      const [got, want] = [JSON.stringify(is), JSON.stringify(wanted)];
      if (got !== want) wrong.push(`${verb}: ${what} ${got}, not ${want}`);
    };
    await end(looper as Ref, begin, expect);
    const reason: ExitReason = (await down).reason;
    expect("it ended", reason, code === "killed" ? "killed" : "shutdown");
    expect("its caller got", await call, code);
    await system.settled();
    expect("both threads hold", await holdings(system), before);
    for (const [where, ref] of [
      ["near", this.#near],
      ["far", this.#far],
    ] as const) {
      if (!system.isAlive(ref)) wrong.push(`${verb}: the ledger ${where} has ended`);
      else expect(`the ledger ${where} saw gaps:`, await ref.call("gaps"), 0);
    }
    for (let n = 0; n < 3; n++) expect("its name is held by", system.whereis(`${key} ${n}`), undefined);
    const groups = system.groups().filter((group) => group.startsWith(`${key} `));
    expect("its groups are", groups, []);
    return wrong;
  }

  /** Ends the thread: what it had unread and unsent was counted by every sender and receiver in it. */
  async end(): Promise<unknown> {
    const lost = new Promise((resolve) =>
      this.#system.events.on("threadLost", ({ why, unread, unsent }) => resolve({ why, unread, unsent })),
    );
    await this.#system.settled();
    await this.#system.terminateThread(1, "for a test");
    return await lost;
  }
}
