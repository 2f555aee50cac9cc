/**
 * An actor, a call, a crash, and the news of it.
 *
 *     node examples/hello.ts
 */
import { defineServer, reasonText, startSystem } from "mofa";

export const greeter = defineServer({
  init: (greeting: string) => ({ greeting, greeted: 0 }),
  calls: {
    greet(state, name: string) {
      if (name === "") throw new Error("nobody is there");
      state.greeted += 1;
      return `${state.greeting}, ${name}!`;
    },
    greeted: (state) => state.greeted,
  },
});

// Each thread loads this file, for `greeter`; one alone runs the rest.
if (import.meta.main) {
  await using system = await startSystem({ threads: 2 });
  const ref = await system.spawn(greeter, "Hello"); // on the less busy thread
  const monitor = await system.monitor(ref);

  console.log(await ref.call("greet", "world")); // typed: "great" or 5 would not compile
  console.log(await ref.call("greet", "Erlang"));
  console.log("greeted so far:", await ref.call("greeted"));

  // A bug ends its actor and nobody else. The caller gets the error, the watcher the reason.
  await ref.call("greet", "").catch((error: Error) => console.log("the call failed:", error.message));
  console.log("the greeter is down,", reasonText((await monitor.down).reason));
}
