// Two real threads and nothing else: the order of frames, their content and the bells.
import { once } from "node:events";
import { MessageChannel, Worker } from "node:worker_threads";
import { expect, test } from "@jest/globals";
import { createRing } from "../../../core/thread/ring.ts";
import type { PeerData, PeerReport } from "./channel-peer.ts";

const entry = new URL("./channel-peer.js", import.meta.url);

async function pass(ringBytes: number, position: number, seed: number, count: number): Promise<PeerReport> {
  const ring = createRing(ringBytes, position);
  const bells = new MessageChannel();
  const sides = new MessageChannel();
  const start = (role: "send" | "receive", bell: typeof bells.port1, side: typeof sides.port1): Worker => {
    const workerData: PeerData = { role, ring, seed, count, bell, side };
    return new Worker(entry, { workerData, transferList: [bell, side] });
  };
  const sender = start("send", bells.port1, sides.port1);
  const receiver = start("receive", bells.port2, sides.port2);
  try {
    const failed = Promise.race(
      [sender, receiver].map((worker) => once(worker, "error").then(([error]) => Promise.reject(error))),
    );
    const [report] = (await Promise.race([once(receiver, "message"), failed])) as [PeerReport];
    return report;
  } finally {
    await Promise.all([sender.terminate(), receiver.terminate()]);
  }
}

test("200,000 frames arrive in order and whole, every hundredth with a special value", async () => {
  expect(await pass(256 * 1024, 0, 1, 200_000)).toEqual({ received: 200_000, wrong: [] });
}, 60_000);

test("so do 20,000 through a ring of 4 KiB whose positions wrap on the way", async () => {
  expect(await pass(4096, 2 ** 32 - 8192, 2, 20_000)).toEqual({ received: 20_000, wrong: [] });
}, 60_000);
