/** Which connections are closed as silent. Not in every placement: no actors run. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { ServerSockets } from "../../../core/contracts/server-sockets.ts";

let server: Server;

beforeEach(async () => {
  server = createServer((socket) => void socket.on("error", () => {}).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.close();
  await once(server, "close");
});

test("one that has just been used when it was silent for so long stays, and is closed when it is silent again", async () => {
  const sockets = new ServerSockets(20, new AbortController().signal);
  const socket = sockets.create();
  socket.connect((server.address() as AddressInfo).port, "127.0.0.1");
  await once(socket, "connect");
  const closed = once(socket, "error");
  for (let times = 0; times < 3; times++) {
    await once(socket, "timeout");
    socket.write("used at that moment");
  }
  expect(await closed).toEqual([
    expect.objectContaining({
      code: "storage_failed",
      message: "the server has said nothing for silenceTimeoutMs (20)",
    }),
  ]);
}, 10_000);
