/** Types only: compiled, never run. A line that stops being an error fails the build. */
import { defineActor } from "../../core/actor/behaviour.ts";
import type { Context } from "../../core/actor/context.ts";
import type { Ref } from "../../core/actor/ref.ts";
import { defineServer } from "../../core/actor/server.ts";
import type { StandardSchema } from "../../core/registry/standard-schema.ts";

const counter = defineServer({
  init: (start: number) => ({ n: start }),
  calls: {
    get: (s) => s.n,
    add: (s, by: number) => (s.n += by),
    later: (_s, _key: string, ctx) => ctx.noReply,
    echo: (_s, value: unknown) => value,
    maybe: (_s, value?: number) => value,
  },
  casts: {
    reset: (s) => {
      s.n = 0;
    },
  },
});
const raw = defineActor({ init: () => ({ seen: 0 }), receive: (s, m: { type: "ping" }) => (s.seen += m.type.length) });

export async function checks(ctx: Context): Promise<number> {
  const ref = ctx.spawn(counter, 5);
  ref.cast("reset");
  // @ts-expect-error the argument of init is missing
  ctx.spawn(counter);
  // @ts-expect-error a number is wanted
  ctx.spawn(counter, "5");
  // @ts-expect-error no such call
  await ref.call("gte");
  // @ts-expect-error a number is wanted
  await ref.call("add", "2");
  // @ts-expect-error the argument is missing
  await ref.call("add");
  // @ts-expect-error no such cast
  ref.cast("add", 2);
  const plain = ctx.spawn(raw);
  plain.send({ type: "ping" });
  // @ts-expect-error another message
  plain.send({ type: "pong" });
  // @ts-expect-error get takes no argument
  await ref.call("get", 5);
  await ref.call("echo", 5);
  await ref.call("maybe", 5);
  await ref.call("maybe");
  const untyped: Ref = ref;
  await untyped.call("add", 2);
  await untyped.call("whatever");
  untyped.cast("whatever", { any: "thing" });
  const later: never = await ref.call("later", "key");
  void later;
  const got: number = await ref.call("get");
  return got + (await ref.call("add", 2, { timeoutMs: 500 }));
}

interface Limits {
  readonly limit: number;
}
declare const limits: StandardSchema<Limits>;

// What the schema makes is what `init` and `configure` get.
defineServer({
  configuration: { schema: limits },
  init: (_argument: undefined, _ctx, configuration) => ({ limit: configuration.limit }),
  configure(state, next, _ctx, previous) {
    state.limit = next.limit + previous.limit;
    // @ts-expect-error the schema makes no such thing
    return next.other === 1 ? { refused: "no" } : undefined;
  },
});
