/** Unique names (S3.7, S4.3, S4.4, S5.1): who asked for which, and whether the answer was right. */
import type { Player, Players } from "./players.ts";
import type { Trace } from "./trace.ts";

interface Claim {
  readonly name: string;
  readonly holder: Player;
  readonly time: number;
}

/** What the oracle asks of the system that it judges. */
export interface Naming {
  /** The holder as each thread that is up sees it; main first. */
  whereisAll(name: string): (Player | undefined)[];
  whereisAt(thread: number, name: string): Player | undefined;
}

export class NamesOracle {
  readonly #trace: Trace;
  readonly #players: Players;
  readonly #naming: Naming;
  readonly #claims: Claim[] = [];
  /** When a name was last given up by `unregister`; Infinity while one is under way. */
  readonly #givenUp = new Map<string, number>();

  constructor(trace: Trace, players: Players, naming: Naming) {
    this.#trace = trace;
    this.#players = players;
    this.#naming = naming;
  }

  claimed(name: string, holder: Player): Claim {
    const claim = { name, holder, time: this.#trace.note("register", holder.id, name.charCodeAt(0)) };
    this.#claims.push(claim);
    return claim;
  }

  /** Call the function that it returns when `unregister` has ended. */
  unregistering(name: string): () => void {
    this.#trace.note("unregister", name.charCodeAt(0));
    this.#givenUp.set(name, Number.POSITIVE_INFINITY);
    return () => this.#givenUp.set(name, this.#trace.note("unregistered", name.charCodeAt(0)));
  }

  /** `register` resolved for its caller on this thread. */
  granted(claim: Claim, thread: number): void {
    this.#trace.note("registered", claim.holder.id, claim.name.charCodeAt(0));
    const seen = this.#naming.whereisAt(thread, claim.name);
    const isGivenUp = (this.#givenUp.get(claim.name) ?? 0) > claim.time;
    if (seen !== claim.holder && !claim.holder.isGone && !isGivenUp)
      this.#trace.breach(
        "S4.4",
        `register of "${claim.name}" for ${claim.holder.id} resolved, and its thread sees ${seen?.id}`,
      );
  }

  refused(claim: Claim, code: string | undefined): void {
    this.#trace.note("refused", claim.holder.id, claim.name.charCodeAt(0));
    const who = `register of "${claim.name}" for ${claim.holder.id}`;
    if (code === "already_registered") {
      const isTaken = this.#claims.some(
        (other) => other.name === claim.name && other.holder !== claim.holder && other.holder.deathTime > claim.time,
      );
      if (!isTaken) this.#trace.breach("S4.3", `${who} was refused, and all other holders were dead`);
    } else if (code === "bad_argument") {
      const hasOther = this.#claims.some((other) => other.holder === claim.holder && other.name !== claim.name);
      if (!hasOther && !claim.holder.isGone && !claim.holder.mayNeverCome)
        this.#trace.breach("S5.1", `${who} was refused as a bad argument`);
    } else if (code !== "noproc" || !claim.holder.isGone) this.#trace.breach("S5.1", `${who} failed with ${code}`);
  }

  /** A name was used: what the thread sees must live (S4.3). */
  seen(name: string, holder: Player | undefined): void {
    if (holder?.isGone === true) this.#trace.breach("S4.3", `"${name}" names ${holder.id}, which has ended`);
  }

  /** Somebody learns of a death now: the name is free and the ref dead on every thread. */
  endSeen(gone: Player, isAliveAnywhere: boolean): void {
    if (isAliveAnywhere) this.#trace.breach("S3.7", `the end of ${gone.id} was told while its ref was alive`);
    for (const name of this.#namesOf(gone))
      if (this.#naming.whereisAll(name).includes(gone))
        this.#trace.breach("S3.7", `the end of ${gone.id} was told while it held "${name}"`);
  }

  #namesOf(player: Player): Set<string> {
    return new Set(this.#claims.filter((claim) => claim.holder === player).map((claim) => claim.name));
  }

  /** Nothing is on its way: all threads agree, and nobody has two names. */
  atRest(): void {
    const held = new Map<Player, string>();
    for (const name of new Set(this.#claims.map((claim) => claim.name))) {
      const seen = this.#naming.whereisAll(name);
      const [holder] = seen;
      if (seen.some((other) => other !== holder))
        this.#trace.breach(
          "S5.1",
          `threads do not agree on "${name}": ${seen.map((player) => player?.id ?? "nobody").join(", ")}`,
        );
      if (holder === undefined) continue;
      if (!this.#players.living().includes(holder))
        this.#trace.breach("S4.3", `"${name}" is held by ${holder.id}, which has ended`);
      const other = held.get(holder);
      if (other !== undefined) this.#trace.breach("S5.1", `${holder.id} has two names, "${other}" and "${name}"`);
      held.set(holder, name);
    }
  }
}
