/** Attributes of `telemetry`'s measurements: names that anybody can make up are bounded. Not in every placement: no actors run. */
import { expect, test } from "@jest/globals";
import type { Attributes, Meter } from "@opentelemetry/api";
import type { SystemStats } from "../../../core/index.ts";
import { RuntimeMetrics } from "../../../plugins/telemetry/runtime-metrics.ts";

const instrument = (seen: Attributes[]) => ({ record: (_value: number, of: Attributes) => void seen.push(of) });

test("a model has its name where it has answered by it, and at most a hundred have", () => {
  const seen: Attributes[] = [];
  const none = { add() {} };
  const meter = {
    createHistogram: (name: string) => instrument(name === "gen_ai.client.operation.duration" ? seen : []),
    createCounter: () => none,
    createObservableGauge: () => none,
    createObservableCounter: () => none,
    addBatchObservableCallback() {},
    removeBatchObservableCallback() {},
  } as unknown as Meter; // what is looked at, and no more
  const metrics = new RuntimeMetrics(meter, () => Promise.reject<SystemStats>(new Error("nobody collects")));
  const chat = (asked: string, answering?: string) =>
    metrics.operation({
      type: "operation",
      ref: { node: "here", thread: 0, slot: 1, generation: 1 },
      name: "actor",
      operation: "chat",
      subject: asked,
      beganMs: 0,
      tookMs: 0,
      trace: undefined,
      parent: undefined,
      failure: answering === undefined ? "model_unknown" : undefined,
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": asked,
        ...(answering !== undefined && { "gen_ai.response.model": answering }),
      },
    });
  for (let n = 0; n < 200; n++) chat(`made up ${n}`);
  for (let n = 0; n < 150; n++) chat(`m${n}`, `m${n}`);
  chat("m7");
  const names = seen.map((attributes) => attributes["gen_ai.request.model"]);
  expect(new Set(names.slice(0, 200))).toEqual(new Set(["other"]));
  expect(new Set(names.slice(200, 350)).size).toBe(101);
  expect(names.at(-1)).toBe("m7");
});
