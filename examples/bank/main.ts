/**
 * Five accounts, two hundred transfers at once, and an account that crashes in the middle of every twentieth: no cent is
 * lost, none is made.
 *
 *     node examples/bank/main.ts
 */
import { type ChildSpec, SeededRandom, startSystem } from "mofa";
import { account, accountName, journal, journalName } from "./accounts.ts";
import { clerk, clerkName, transfer } from "./transfers.ts";

const accounts = 5;
const openingCents = 10_000_00;
const transfers = 200;

await using system = await startSystem({ threads: 2 });
let accountsCrashed = 0;
system.events.on("crashed", ({ name }) => {
  if (name?.startsWith("account")) accountsCrashed += 1;
});

// What must outlive the accounts runs on main, where no thread can be lost under it.
await system.supervise({
  children: [
    { id: journalName, name: journalName, start: [journal], placement: { thread: 0 } },
    { id: clerkName, name: clerkName, start: [clerk], placement: { thread: 0 } },
  ],
});
await system.supervise({
  intensity: 50,
  children: Array.from({ length: accounts }, (_, at): ChildSpec => {
    return { id: at, name: accountName(at), start: [account, at] };
  }),
});
const orders = await system.superviseDynamic({
  intensity: 10_000, // a transfer is started again for as long as it takes
  child: { start: [transfer], restart: "transient", backoff: { initialMs: 5, maxMs: 100 } },
});

async function total(): Promise<number> {
  let cents = 0;
  for (let at = 0; at < accounts; at++) cents += (await system.call(accountName(at), "balance")) as number;
  return cents;
}

for (let at = 0; at < accounts; at++) {
  await system.call(accountName(at), "book", { id: "opening", cents: openingCents });
}
console.log("cents before:", await total());

const random = new SeededRandom(7);
for (let at = 0; at < transfers; at++) {
  const from = random.below(accounts);
  const to = (from + 1 + random.below(accounts - 1)) % accounts;
  await orders.startChild({ id: `transfer ${at}`, from, to, cents: 1 + random.below(100_00), crashes: at % 20 === 19 });
}
console.log("transfers:", await system.call(clerkName, "allDone", transfers, { timeoutMs: 30_000 }));
console.log("accounts crashed:", accountsCrashed);
console.log("cents after:", await total());
