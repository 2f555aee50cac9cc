/** The floor of ping-pong with `async` handlers: an actor takes a message when the promise of the one before has settled, and no more. */
import { pairsAtOnce, type Repetition, type Scenarios } from "./scenario.ts";

interface Actor<M> {
  receive(message: M): Promise<void>;
  readonly mailbox: M[];
  isBusy: boolean;
}

function spawn<M>(receive: (message: M) => Promise<void>): Actor<M> {
  return { receive, mailbox: [], isBusy: false };
}

function send<M>(actor: Actor<M>, message: M): void {
  actor.mailbox.push(message);
  if (!actor.isBusy) void drain(actor);
}

async function drain<M>(actor: Actor<M>): Promise<void> {
  actor.isBusy = true;
  for (let message = actor.mailbox.shift(); message !== undefined; message = actor.mailbox.shift())
    await actor.receive(message);
  actor.isBusy = false;
}

type Pong = { readonly type: "pong" };
type Ping = { readonly type: "ping"; readonly from: Actor<Pong> };

const nothing = async (): Promise<void> => {};

/** @param isAwaiting whether each turn awaits something */
async function pair(trips: number, isAwaiting: boolean): Promise<number> {
  if (trips === 0) return 0;
  const done = Promise.withResolvers<number>();
  let pongs = 0;
  const pong = spawn<Ping>(async (message) => {
    if (isAwaiting) await nothing();
    send(message.from, { type: "pong" });
  });
  const ping = spawn<Pong>(async () => {
    if (isAwaiting) await nothing();
    pongs += 1;
    if (pongs < trips) send(pong, { type: "ping", from: ping });
    else done.resolve(pongs);
  });
  send(pong, { type: "ping", from: ping });
  return await done.promise;
}

const play =
  (pairs: number, isAwaiting: boolean) =>
  async (trips: number): Promise<Repetition> => {
    const share = Math.floor(trips / pairs);
    const startMs = performance.now();
    const counts = await Promise.all(
      Array.from({ length: pairs }, (_, number) => pair(number < trips % pairs ? share + 1 : share, isAwaiting)),
    );
    return { result: counts.reduce((sum, count) => sum + count, 0), elapsedMs: performance.now() - startMs };
  };

export const scenarios: Scenarios = {
  "async-pair": play(1, false),
  "async-pairs": play(pairsAtOnce, false),
  "await-pair": play(1, true),
  "await-pairs": play(pairsAtOnce, true),
};
