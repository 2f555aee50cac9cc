/**
 * The floor: what an actor costs in JavaScript when nothing is promised. No supervision, no bound, no isolation:
 * a throw takes the whole loop down with all its mail. A drain makes at most 1,000 passes, so that timers breathe.
 */
export interface Actor<M> {
  receive(message: M): void;
  mailbox: M[];
}

// The loop begins.
let queue: Actor<unknown>[] = [];
let isScheduled = false;
export function send<M>(actor: Actor<M>, message: M): void {
  if (actor.mailbox.push(message) === 1) queue.push(actor);
  if (!isScheduled) isScheduled = setImmediate(drain) !== undefined;
}
function drain(): void {
  for (let pass = 0; pass < 1_000 && queue.length > 0; pass += 1) {
    const due = queue;
    queue = [];
    for (const actor of due) {
      const mail = actor.mailbox;
      actor.mailbox = [];
      for (const message of mail) actor.receive(message);
    }
  }
  isScheduled = queue.length > 0 && setImmediate(drain) !== undefined;
}
// The loop ends.

/** An actor is its function and an empty mailbox; it costs nothing until the first message. */
export function spawn<M>(receive: (message: M) => void): Actor<M> {
  return { receive, mailbox: [] };
}
