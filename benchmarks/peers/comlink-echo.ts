/** The far thread of `comlink.ts`: an object whose methods are called from the other side. */
import { type MessagePort, workerData } from "node:worker_threads";
import { expose } from "comlink";
import { gauge } from "../gauge.ts";
import { type Document, weigh } from "./document.ts";

export class Echo {
  /** Since the last `take`. */
  #total = 0;

  echo(number: number): number {
    return number;
  }

  add(by: number): void {
    this.#total += by;
  }

  store(document: Document): void {
    this.#total += weigh(document);
  }

  take(): number {
    const total = this.#total;
    this.#total = 0;
    return total;
  }
}

gauge();
const { port } = workerData as { port: MessagePort }; // written by comlink.ts alone
expose(new Echo(), port);
