/**
 * What the suite `services` has come and go on every thread: lodgers with names and in groups, and landlords that keep the
 * book of them. A landlord alone says when one of its lodgers comes, changes and goes, so it knows what is right at any moment:
 * it looks at its own thread's copies between its deeds, and at the end its book is what every thread has to see.
 */
import {
  type Context,
  type DownMessage,
  defineServer,
  type From,
  type NoReply,
  type Ref,
  refKey,
  sameRef,
} from "../../../index.ts";

/** What lodgers are members of, each of some. */
export const clubs = ["club 0", "club 1", "club 2", "club 3", "club 4"];

const stepEveryMs = 20;
/** Lodgers of one landlord that have given their name up. */
const namelessMax = 4;
/** The services are killed meanwhile, and the machine may be slow. */
const patienceMs = 60_000;

/** Is in its clubs, and found there and by its name on its own thread, when its start is over. */
export const lodger = defineServer({
  init: async ({ name, joins }: { name: string | undefined; joins: readonly string[] }, ctx) => {
    for (const club of joins) await ctx.join(club);
    const isNamed = name === undefined || isCalled(ctx, name, ctx.self);
    if (!isNamed || !joins.every((club) => timesIn(ctx, club, ctx.self) === joins.filter((one) => one === club).length))
      throw new Error("its own thread does not find it");
    return {};
  },
  calls: {
    /** Whether its own thread finds it by the name that it has taken. */
    take: async (_state, name: string, ctx) => {
      await ctx.register(name);
      return isCalled(ctx, name, ctx.self);
    },
  },
});

/** One life. */
interface Lodging {
  readonly ref: Ref;
  /** Undefined: given up. */
  name: string | undefined;
  /** Of one that was started under its name from elsewhere this thread may hear a little later. */
  isNameSeen: boolean;
  /** How often it has joined. */
  readonly clubs: Map<string, number>;
  /** It was killed or stopped, and its down has not come yet. */
  isEnding: boolean;
}

/** What a landlord has done, and seen. */
interface Deeds {
  lives: number;
  killed: number;
  stopped: number;
  registered: number;
  givenUp: number;
  joined: number;
  left: number;
  /** Ends of lodgers, everybody's, that were told here; and looks at all that this thread knows of its own. */
  downs: number;
  looks: number;
}

/** What is right when nothing comes or goes any more. */
export interface Book {
  /** Undefined: nobody has it. */
  readonly names: readonly (readonly [name: string, holder: Ref | undefined])[];
  /** Each as often as it has joined. */
  readonly members: readonly (readonly [club: string, members: readonly Ref[]])[];
  /** Lives of the name that has had the fewest. */
  readonly livesMin: number;
  readonly deeds: Readonly<Deeds>;
}

interface State {
  readonly names: readonly string[];
  readonly allNames: readonly string[];
  readonly threads: number;
  others: readonly Ref[];
  readonly lodgings: Set<Lodging>;
  readonly holders: Map<string, Lodging>;
  readonly livesOf: Map<string, number>;
  readonly deeds: Deeds;
  wrong: string[];
  isClosing: boolean;
  /** Who waits for the last down. */
  closer: From | undefined;
}

interface Estate {
  /** Its own ones, and those of all landlords. */
  readonly names: readonly string[];
  readonly allNames: readonly string[];
  /** Its lodgers are anywhere from main, which is 0, to before this. */
  readonly threads: number;
}

export const landlord = defineServer({
  init: ({ names, allNames, threads }: Estate): State => ({
    names,
    allNames,
    threads,
    others: [],
    lodgings: new Set(),
    holders: new Map(),
    livesOf: new Map(),
    deeds: { lives: 0, killed: 0, stopped: 0, registered: 0, givenUp: 0, joined: 0, left: 0, downs: 0, looks: 0 },
    wrong: [],
    isClosing: false,
    closer: undefined,
  }),
  calls: {
    open: (state, others: readonly Ref[], ctx) => {
      state.others = others;
      ctx.sendAfter(stepEveryMs, "step");
    },
    /** What was not right since it was asked last. */
    wrong: (state) => state.wrong.splice(0),
    /** Nobody comes any more; one name is given up, so that there is one that nobody has. */
    close: async (state, _argument: undefined, ctx): Promise<Book | NoReply> => {
      state.isClosing = true;
      look(state, ctx);
      const last = [...state.holders.values()].find(({ isEnding, isNameSeen }) => isNameSeen && !isEnding);
      if (last !== undefined) await giveUp(state, last, ctx);
      if (!isQuiet(state)) {
        state.closer = ctx.from;
        return ctx.noReply;
      }
      look(state, ctx);
      return bookOf(state);
    },
  },
  casts: {
    /** Somebody else's lodger, whose end is told here as well. */
    watch: (_state, ref: Ref, ctx) => void ctx.monitor(ref),
  },
  info: async (state, message, ctx) => {
    if (message !== "step") {
      const { ref } = message as DownMessage;
      if (ref !== undefined) await ended(state, ref, ctx);
    } else if (!state.isClosing) {
      await step(state, ctx);
      ctx.sendAfter(stepEveryMs, "step");
    }
  },
});

async function step(state: State, ctx: Context): Promise<void> {
  look(state, ctx);
  const name = anyOf(state.names, ctx);
  const lodging = state.holders.get(name);
  if (lodging === undefined) await moveIn(state, name, ctx);
  else if (!lodging.isEnding) {
    const chance = ctx.random();
    if (chance < 0.3) kill(state, lodging, ctx);
    else if (chance < 0.4) await stop(state, lodging, ctx);
    else if (chance < 0.6) await giveUp(state, lodging, ctx);
    else await changeClubs(state, lodging, ctx);
  }
  const nameless = [...state.lodgings].filter(({ name: former, isEnding }) => former === undefined && !isEnding);
  if (nameless.length > namelessMax) kill(state, nameless[0] as Lodging, ctx);
}

/** The next life under a name: started under it, or given it later by the landlord, or by itself. */
async function moveIn(state: State, name: string, ctx: Context): Promise<void> {
  const way = anyOf(["start", "landlord", "self"], ctx);
  const joins = [anyOf(clubs, ctx), anyOf(clubs, ctx)];
  const given = way === "start" ? name : undefined;
  const ref = await ctx.start(
    lodger,
    { name: given, joins },
    {
      placement: { thread: Math.floor(ctx.random() * state.threads) },
      startTimeoutMs: patienceMs,
      ...(given !== undefined && { name: given }),
    },
  );
  ctx.unlink(ref);
  ctx.monitor(ref);
  for (const other of state.others) ctx.cast(other, "watch", ref);
  const lodging: Lodging = { ref, name, isNameSeen: false, clubs: new Map(), isEnding: false };
  for (const club of joins) lodging.clubs.set(club, (lodging.clubs.get(club) ?? 0) + 1);
  state.lodgings.add(lodging);
  state.holders.set(name, lodging);
  state.livesOf.set(name, (state.livesOf.get(name) ?? 0) + 1);
  state.deeds.lives++;
  if (way === "landlord") {
    await ctx.register(name, ref);
    lodging.isNameSeen = true;
  } else if (way === "self" && !(await ref.call("take", name, { timeoutMs: patienceMs })))
    state.wrong.push(`${name} was taken by ${refKey(ref)}, and its own thread does not find it`);
  if (way !== "start") state.deeds.registered++;
  // What one member does is seen in its order: when this is, its first clubs are, too.
  await join(state, lodging, ctx);
  look(state, ctx);
}

function kill(state: State, lodging: Lodging, ctx: Context): void {
  lodging.isEnding = true;
  state.deeds.killed++;
  ctx.exit(lodging.ref, "kill");
}

async function stop(state: State, lodging: Lodging, ctx: Context): Promise<void> {
  lodging.isEnding = true;
  state.deeds.stopped++;
  await ctx.stopActor(lodging.ref);
}

async function giveUp(state: State, lodging: Lodging, ctx: Context): Promise<void> {
  const { name, ref } = lodging;
  if (name === undefined || !isCalled(ctx, name, ref)) return;
  await ctx.unregister(name);
  state.deeds.givenUp++;
  state.holders.delete(name);
  lodging.name = undefined;
}

async function changeClubs(state: State, lodging: Lodging, ctx: Context): Promise<void> {
  const [club, times] = anyOf([...lodging.clubs], ctx);
  const outcome = await ctx.leave(club, lodging.ref);
  if (outcome !== "ok") state.wrong.push(`${refKey(lodging.ref)} was in ${club}, and leave said ${outcome}`);
  state.deeds.left++;
  if (times === 1) lodging.clubs.delete(club);
  else lodging.clubs.set(club, times - 1);
  await join(state, lodging, ctx);
}

async function join(state: State, lodging: Lodging, ctx: Context): Promise<void> {
  const club = anyOf(clubs, ctx);
  await ctx.join(club, lodging.ref);
  state.deeds.joined++;
  lodging.clubs.set(club, (lodging.clubs.get(club) ?? 0) + 1);
}

/** A lodger's down, anybody's: from now on nothing here may lead to it. Its name, if it is one's own, is let again, often at once. */
async function ended(state: State, ref: Ref, ctx: Context): Promise<void> {
  state.deeds.downs++;
  for (const name of state.allNames)
    if (isCalled(ctx, name, ref)) state.wrong.push(`${name} is still ${refKey(ref)}, whose down has been seen`);
  for (const club of clubs)
    if (timesIn(ctx, club, ref) > 0) state.wrong.push(`${refKey(ref)} is still in ${club}, and its down has been seen`);
  const lodging = [...state.lodgings].find((one) => sameRef(one.ref, ref));
  if (lodging === undefined) return;
  if (!lodging.isEnding) state.wrong.push(`${refKey(ref)} has ended, and nobody has ended it`);
  state.lodgings.delete(lodging);
  const { name } = lodging;
  if (name !== undefined) {
    state.holders.delete(name);
    if (!state.isClosing && ctx.random() < 0.5) await moveIn(state, name, ctx);
  }
  if (state.closer === undefined || !isQuiet(state)) return;
  look(state, ctx);
  ctx.reply(state.closer, bookOf(state));
}

/** What this thread sees of its landlord's own lodgers is what the book says. */
function look(state: State, ctx: Context): void {
  state.deeds.looks++;
  for (const name of state.names)
    if (!state.holders.has(name) && ctx.whereis(name) !== undefined)
      state.wrong.push(`${name} is ${holderText(ctx, name)}, and was given up`);
  for (const lodging of state.lodgings) {
    const { ref, name, isEnding } = lodging;
    if (isEnding) continue;
    if (name !== undefined) {
      const isSeen = isCalled(ctx, name, ref);
      if (lodging.isNameSeen && !isSeen)
        state.wrong.push(`${name} is ${holderText(ctx, name)}, and not ${refKey(ref)}`);
      lodging.isNameSeen ||= isSeen;
    }
    for (const club of clubs) {
      const [seen, right] = [timesIn(ctx, club, ref), lodging.clubs.get(club) ?? 0];
      if (seen !== right) state.wrong.push(`${refKey(ref)} is ${seen} times in ${club}, and not ${right}`);
    }
  }
}

export function added(one: Readonly<Deeds>, other: Readonly<Deeds>): Readonly<Deeds> {
  const sums = Object.entries(one).map(([what, count]) => [what, count + other[what as keyof Deeds]]);
  return Object.fromEntries(sums) as unknown as Deeds; // the keys are one's own
}

const isQuiet = ({ lodgings }: State): boolean => [...lodgings].every(({ isEnding }) => !isEnding);

function bookOf({ names, holders, lodgings, livesOf, deeds }: State): Book {
  return {
    names: names.map((name) => [name, holders.get(name)?.ref]),
    members: clubs.map((club) => [
      club,
      [...lodgings].flatMap((lodging) => Array.from({ length: lodging.clubs.get(club) ?? 0 }, () => lodging.ref)),
    ]),
    livesMin: Math.min(...names.map((name) => livesOf.get(name) ?? 0)),
    deeds: { ...deeds }, // an answer is frozen, and ends are still told
  };
}

function isCalled(ctx: Context, name: string, ref: Ref): boolean {
  const holder = ctx.whereis(name);
  return holder !== undefined && sameRef(holder, ref);
}

const holderText = (ctx: Context, name: string): string => String(ctx.whereis(name) ?? "nobody");

const timesIn = (ctx: Context, club: string, ref: Ref): number =>
  ctx.members(club).filter((member) => sameRef(member, ref)).length;

const anyOf = <T>(list: readonly T[], ctx: Context): T => list[Math.floor(ctx.random() * list.length)] as T;
