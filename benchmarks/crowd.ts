/** The actors of `growth.ts`: so many in one thread that are born, hear something and end, all of them at once. */
import { type Context, defineActor, type Ref } from "../index.ts";
import { type Driver, driver, Play } from "./drivers.ts";
import { heldBytes } from "./peers/held-bytes.ts";

/**
 * What happens to a crowd, in this order. `spawn`: up to the end of each `init`. `message`: where that is timed. `stop`: until each
 * exit was heard of.
 */
export type Phase = "spawn" | "message" | "stop";

export interface CrowdPlace {
  /** How many of them live at once. */
  readonly actors: number;
  readonly timed: Phase;
  /** Whether it is counted what they hold when they are born. Collects all garbage before and behind. */
  readonly isWeighed: boolean;
}

interface Roll {
  /** Who is told when all have answered to it. */
  readonly from: Ref;
  readonly actors: number;
}

/** Answers of the actors in this thread since a crowd had its last one. */
let answered = 0;

function answer(roll: Roll, ctx: Context): void {
  answered += 1;
  if (answered < roll.actors) return;
  ctx.send(roll.from, { type: "all", count: answered });
  answered = 0;
}

/** Has no state, so an idle one holds what the runtime keeps for it and nothing else. */
export const member = defineActor({
  init: (roll: Roll, ctx) => answer(roll, ctx),
  receive: (_state, roll: Roll, ctx) => answer(roll, ctx),
});

type ToDriver = { readonly type: "all"; readonly count: number } | { readonly type: "exit" };

/** One play: so many lives, one crowd after the other. */
class Lives {
  readonly #place: CrowdPlace;
  readonly #play: Play;
  #members: Ref[] = [];
  #phase: Phase = "spawn";
  /** Members that have come through the phase. */
  #through = 0;
  #ended = 0;
  #beganMs = 0;
  #result = 0;
  #elapsedMs = 0;
  #bytes = 0;

  constructor(place: CrowdPlace, size: number, ctx: Context) {
    this.#place = place;
    this.#play = new Play(size, ctx);
  }

  begin(phase: Phase, ctx: Context): void {
    this.#phase = phase;
    this.#through = 0;
    if (phase === "spawn" && this.#place.isWeighed) this.#bytes -= heldBytes();
    const members = this.#members;
    const actors = Math.min(this.#place.actors, this.#play.size - this.#ended);
    const roll: Roll = { from: ctx.self, actors };
    this.#beganMs = performance.now();
    switch (phase) {
      case "spawn":
        for (let made = 0; made < actors; made += 1) members.push(ctx.spawnLink(member, roll));
        return;
      case "message":
        for (const one of members) ctx.send(one, roll);
        return;
      case "stop":
        for (const one of members) ctx.exit(one, "shutdown");
        return;
    }
  }

  heard(said: ToDriver, ctx: Context): void {
    this.#through += said.type === "exit" ? 1 : said.count;
    if (this.#through < this.#members.length) return;
    if (this.#phase === this.#place.timed) {
      this.#elapsedMs += performance.now() - this.#beganMs;
      this.#result += this.#through;
    }
    switch (this.#phase) {
      case "spawn":
        if (this.#place.isWeighed) this.#bytes += heldBytes();
        this.begin(this.#place.timed === "message" ? "message" : "stop", ctx);
        return;
      case "message":
        this.begin("stop", ctx);
        return;
      case "stop":
        this.#ended += this.#through;
        this.#members = [];
        if (this.#ended < this.#play.size) this.begin("spawn", ctx);
        else this.#play.answer(ctx, { result: this.#result, elapsedMs: this.#elapsedMs, bytes: this.#bytes });
        return;
    }
  }
}

/** Its members are linked to it, as children are to their supervisor. */
export const crowdDriver: Driver<CrowdPlace> = driver({
  init: (place: CrowdPlace, ctx) => {
    ctx.trapExit(true);
    return { place, lives: undefined as Lives | undefined };
  },
  play: (state, size, ctx) => {
    state.lives = new Lives(state.place, size, ctx);
    state.lives.begin("spawn", ctx);
    return ctx.noReply;
  },
  info: (state, message, ctx) => state.lives?.heard(message as ToDriver, ctx), // only members send to it, and are linked to it
});
