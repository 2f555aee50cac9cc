/**
 * Interrupts of turns that hold their thread: on top of the running code whether it is what is meant, and what becomes of
 * the actor behind the cut.
 */
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import { type Mail, Meta, MetaKind, type SentMail } from "../actor/mailbox.ts";
import { nothing } from "./dispatch.ts";
import { type CutRequest, interruptedHook } from "./interrupt-request.ts";
import type { Kernel } from "./kernel.ts";

/** Whether somebody starts it again: what a task that makes way for another may cost is a turn, and no actor. */
export function mayEnd(cell: Cell): boolean {
  return cell.childId !== undefined;
}

/** A turn whose frames are gone, though its handler had returned: the interrupt came too late. */
interface ReturnedTurn {
  readonly cell: Cell;
  /** The message in hand; undefined: it was stashed. */
  readonly mail: SentMail | undefined;
  readonly result: unknown;
  readonly request: CutRequest;
}

export class InterruptedTurns {
  readonly #kernel: Kernel;
  /** What the next drain begins with. */
  #returned: ReturnedTurn | undefined;
  /** Questions about that turn: what it has come to shows behind that. */
  #questions: (() => void)[] = [];
  /** Requests by which a turn was cut down, and whose word is still on its way: `asker.question`. */
  readonly #carriedOut = new Set<string>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * On top of the running code: whether it is the turn that is meant.
   * @param isInTurn false: it runs behind an `await`
   */
  isMeant(cell: Cell, { turn, drains, call, by }: CutRequest, isInTurn: boolean): boolean {
    const { extra, flags } = cell;
    const isOpen = (flags & Flag.open) !== 0 && extra?.isTurnSettled === false;
    if (drains < 0) return isOpen && extra.interrupt !== undefined && extra.turnNumber === turn;
    const { scheduler } = this.#kernel;
    if ((scheduler.turn | 0) !== turn || (scheduler.drains | 0) !== drains) return false;
    if (call === 0) return isInTurn || isOpen;
    if (!mayEnd(cell) && !this.survives(cell, isInTurn)) return false;
    const meta = isInTurn && (flags & Flag.open) === 0 ? cell.current : extra?.turnMeta;
    return meta instanceof Meta && meta.kind === MetaKind.call && meta.id === call && meta.from?.thread === by;
  }

  /** It will be cut down, and whoever asked is told when the question comes. */
  carriedOut(request: CutRequest): void {
    if (request.question >= 0) this.#carriedOut.add(keyOf(request));
  }

  /** Whether that question is of one that was carried out. Asked once. */
  isOne(by: number, question: number): boolean {
    return this.#carriedOut.delete(keyOf({ by, question }));
  }

  /** The asker's thread is lost: its questions do not come any more. */
  threadLost(thread: number): void {
    for (const key of this.#carriedOut) if (key.startsWith(`${thread}.`)) this.#carriedOut.delete(key);
  }

  /** Whether its behaviour goes on behind a cut: in a synchronous turn alone, and not in that of the hook itself. */
  survives(cell: Cell, isInTurn: boolean): boolean {
    const isWhole = (cell.flags & (Flag.open | Flag.initializing | Flag.terminating | Flag.dead)) === 0;
    return (
      isInTurn &&
      isWhole &&
      cell.behaviour.handlers.interrupted !== undefined &&
      this.#kernel.dispatch.mailInHand()?.meta !== interruptedHook
    );
  }

  /** Its turn was cut down: the message is used up, and the hook is next. */
  survived(cell: Cell, mail: Mail | undefined, reason: string, stack: string): void {
    const { counters, delivery, interrupts } = this.#kernel;
    const { current } = cell;
    cell.current = undefined;
    interrupts.refuse(cell, current, mail, reason);
    interrupts.tell(cell, reason, stack);
    counters.addUnread(1);
    delivery.putBack(cell, [interruptedHook, reason]);
  }

  /** Its handler had returned when the termination fell: what that returned is still to be taken (S14.15). */
  returned(cell: Cell, mail: SentMail | undefined, result: unknown, request: CutRequest): void {
    this.#returned = { cell, mail, result, request };
    this.#carriedOut.delete(keyOf(request));
  }

  /** Keeps a question about an actor with such a turn. */
  keeps(cell: Cell, question: () => void): boolean {
    if (this.#returned?.cell !== cell) return false;
    this.#questions.push(question);
    return true;
  }

  get hasReturned(): boolean {
    return this.#returned !== undefined;
  }

  /** The message of such a turn. */
  mailOf(cell: Cell): Mail | undefined {
    return this.#returned?.cell === cell ? this.#returned.mail : undefined;
  }

  /** It goes on where it was left. */
  finish(): void {
    const turn = this.#returned;
    this.#returned = undefined;
    if (turn !== undefined && (turn.cell.flags & Flag.dead) === 0) this.#goOn(turn);
    for (const question of this.#questions.splice(0)) question();
  }

  #goOn({ cell, mail, request, result }: ReturnedTurn): void {
    const { dispatch, scheduler } = this.#kernel;
    dispatch.returned = result;
    scheduler.runWith(cell, mail?.meta, mail === undefined ? nothing : mail.payload);
    // Where it is open, it is the turn that it was, and has the signal that it had.
    if ((cell.flags & Flag.open) !== 0) extraOf(cell).turnNumber = request.turn;
    // What came behind it, and who waits for room in its mailbox.
    scheduler.schedule(cell);
  }

  /** In the actor's own turn. What the hook returns, unless undefined, is the state from then on. */
  runHook(cell: Cell, reason: string): unknown {
    const { interrupted } = cell.behaviour.handlers;
    return interrupted?.(cell.state, reason, this.#kernel.contextOf(cell));
  }
}

function keyOf({ by, question }: Pick<CutRequest, "by" | "question">): string {
  return `${by}.${question}`;
}
