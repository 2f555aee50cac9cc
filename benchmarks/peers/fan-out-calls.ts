/** The floor of a fan-out: each subscriber is an object with a method, called one after the other. */
import { fanOutWindow, type Scenario, type Scenarios } from "./scenario.ts";

class Subscriber {
  count = 0;
  receive(news: { readonly by: number }): void {
    this.count += news.by;
  }
}

function fanOut(subscribers: number): Scenario {
  const all = Array.from({ length: subscribers }, () => new Subscriber());
  return async (size) => {
    for (const one of all) one.count = 0;
    const startMs = performance.now();
    for (let asked = 0; asked < size; asked += subscribers) {
      const news = { by: 1 };
      for (const one of all) one.receive(news);
      // As in the others, what is under way is bounded: here it means a turn of the loop.
      if (asked % fanOutWindow === 0) await new Promise(setImmediate);
    }
    const elapsedMs = performance.now() - startMs;
    return { result: all.reduce((sum, { count }) => sum + count, 0), elapsedMs };
  };
}

export const scenarios: Scenarios = {
  "publish-1": fanOut(1),
  "publish-100": fanOut(100),
  "publish-10000": fanOut(10_000),
};
