/** The messages of the test with real threads, by number: both sides can make each of them. */
import { SeededRandom } from "../../../core/random.ts";

/** Message `number` of a seed: mostly small, every hundredth with a special value at a random place. */
export function messageOf(seed: number, number: number): unknown {
  const random = new SeededRandom(seed * 7919 + number);
  if (number % 100 === 37) {
    return bury(specialOf(random, number), random);
  }
  switch (random.below(4)) {
    case 0:
      return { type: "increment", n: number };
    case 1:
      return { type: random.pick(["get", "set", "drop"]), key: `key-${random.below(50)}`, at: number / 3 };
    case 2:
      return number % 8 === 0 ? undefined : number;
    default:
      return {
        id: `task-${number}`,
        lines: Array.from({ length: random.below(5) }, (_, i) => ({ i, text: `line ${i}` })),
      };
  }
}

/** True when message `number` moves a buffer. */
export function isTransferred(number: number): boolean {
  return number % 1000 === 537;
}

/** The buffer that message `number` moves. */
export function bufferOf(number: number): ArrayBuffer {
  return new Uint8Array(64).fill(number & 255).buffer;
}

/** Puts a value somewhere inside a message. */
function bury(value: unknown, random: SeededRandom): unknown {
  let message = value;
  for (let depth = random.below(5); depth > 0; depth--) {
    message = random.pick([{ depth, message, after: "x" }, [depth, message], { list: [null, message, depth] }]);
  }
  return message;
}

function specialOf(random: SeededRandom, number: number): unknown {
  switch (random.below(9)) {
    case 0:
      return new Map<unknown, unknown>([
        ["n", number],
        [{ key: number }, new Set([number, -0, undefined])],
      ]);
    case 1:
      return new Date(number);
    case 2: {
      const cycle: { n: number; self?: unknown; list: unknown[] } = { n: number, list: [] };
      cycle.self = cycle;
      cycle.list.push(cycle);
      return cycle;
    }
    case 3:
      return 2n ** 80n + BigInt(number);
    case 4:
      return new RangeError(`error ${number}`, { cause: { number } });
    case 5:
      return new Float64Array([number, Number.NaN, -0]);
    case 6:
      return `wide \u{1f40e} \ud800 ${number}`;
    case 7:
      return Object.assign(["a", undefined, Number.NaN, -0], { length: 6, 5: number }); // 4 is a hole
    default:
      return number % 20_000 < 5000 ? "m".repeat(1_000_000) + number : /n+/giu;
  }
}
