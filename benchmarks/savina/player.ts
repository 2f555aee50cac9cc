/** Plays a benchmark in the runtime: a driver with the play's first actor beside it. */
import { current, type Driver, driver, Play as Played } from "../drivers.ts";
import { type PlayName, plays } from "./plays.ts";
import { type Seats, seated } from "./seats.ts";

export interface PlayerPlace {
  readonly name: PlayName;
  /** Of the other actors. Default: each is beside the one that makes it. */
  readonly seats?: Seats;
}

export const player: Driver<PlayerPlace> = driver({
  init: (place: PlayerPlace) => ({ place, played: undefined as Played | undefined }),
  play(state, size, ctx) {
    const { name, seats } = state.place;
    const argument = { owner: ctx.self, size };
    state.played = new Played(size, ctx);
    ctx.spawn(plays[name].first, seats === undefined ? argument : seated(argument, seats));
    return ctx.noReply;
  },
  info(state, result, ctx) {
    const played = current(state.played);
    played.answer(ctx, { result: result as number, elapsedMs: played.elapsedMs() });
  },
});
