/**
 * The link of an actor's process: a thread that holds the socket to main.
 *
 * The actor has the process's first thread, since native code may ask for it. So whatever that thread does, somebody
 * answers the heartbeat, and somebody ends the process when main is gone: also in an endless loop nothing is orphaned.
 */
import { Socket } from "node:net";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { FrameReader, frameOf } from "./frames.ts";
import type { LinkData } from "./link.ts";
import { channel } from "./protocol.ts";

/** Where the parent put the socket. */
const socketFd = 3;

const { answers, news } = workerData as LinkData;
const frames = parentPort as MessagePort; // this file is started as a worker thread
const waiting = new Int32Array(news);

const socket = new Socket({ fd: socketFd, readable: true, writable: true });
const reader = new FrameReader((kind, body) => {
  if (kind === channel.heartbeat) {
    socket.write(frameOf(channel.heartbeat));
  } else if (kind === channel.answer) {
    answers.postMessage(body, [body.buffer]);
    Atomics.add(waiting, 0, 1);
    Atomics.notify(waiting, 0);
  } else frames.postMessage(body, [body.buffer]);
});

/** Main is gone, or broke with this process: it has nobody to live for. */
const orphaned = () => process.kill(process.pid, "SIGKILL");

socket.on("data", (chunk: Buffer) => reader.push(chunk));
socket.on("error", orphaned);
socket.on("close", orphaned);
frames.on("message", (frame: Uint8Array) => socket.write(frame));
