/** What happened on main since `system.bus` looked last, and the word to it that there is something. */
import type { Ref } from "../../actor/ref.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { AckQueue, QueueEntry } from "./ack-queue.ts";
import type { KeptTopic } from "./kept-topic.ts";

/** What `system.bus` gets to look at the news. */
const lookMessage = "look";

/** What there is to look at. */
export interface BusLook {
  /** With something to give, or somebody to give it to. */
  readonly queues: ReadonlySet<AckQueue>;
  /** That failed an attempt, or ended. */
  readonly entries: readonly QueueEntry[];
  /** With something new, or a reader that is new or has credit again. */
  readonly topics: ReadonlySet<KeptTopic>;
}

export class BusNews {
  readonly #kernel: Kernel;
  readonly #start: () => void;
  #queues = new Set<AckQueue>();
  #entries: QueueEntry[] = [];
  #topics = new Set<KeptTopic>();
  /** Whether the system's supervisor was asked for `system.bus`. */
  #isStarted = false;
  #actor: Ref | undefined;
  /** Whether it was told that there is news, and has not looked yet. */
  #isTold = false;

  /** @param start asks the system's supervisor for `system.bus`; called with the first news */
  constructor(kernel: Kernel, start: () => void) {
    this.#kernel = kernel;
    this.#start = start;
  }

  /** Somebody of it may get something. */
  serve(queue: AckQueue): void {
    if (queue.backlog.size === 0 || queue.members.length === 0) return;
    this.#queues.add(queue);
    this.#ring();
  }

  /** Its readers may get something. */
  read(topic: KeptTopic): void {
    this.#topics.add(topic);
    this.#ring();
  }

  /** Its times are others. */
  changed(entry: QueueEntry): void {
    this.#entries.push(entry);
    this.#ring();
  }

  take(): BusLook {
    const look = { queues: this.#queues, entries: this.#entries, topics: this.#topics };
    this.#queues = new Set();
    this.#entries = [];
    this.#topics = new Set();
    this.#isTold = false;
    return look;
  }

  /** Who looks at them from now on; undefined: nobody. */
  tell(actor: Ref | undefined): void {
    this.#actor = actor;
  }

  /** One that is not there looks when it begins. */
  #ring(): void {
    const kernel = this.#kernel;
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#start();
    }
    const actor = this.#actor;
    if (this.#isTold || actor === undefined || kernel.cellOf(actor) === undefined) return;
    this.#isTold = true;
    void kernel.send(kernel.guest, actor, lookMessage, undefined);
  }
}
