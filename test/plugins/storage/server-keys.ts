/** Keys that the stores behind a server have in common, each in the words of its own server. */
import { expect } from "@jest/globals";
import type { AnyPlugin, MofaSystem } from "../../../index.ts";
import { TcpRelay } from "../../support/tcp-relay.ts";
import type { ServerLock } from "./server-locks.ts";
import { clientOf, failureOf, type Store, storeOf } from "./store.ts";

const readsAtOnce = 20;

export interface KeyedServer extends ServerLock {
  readonly plugin: AnyPlugin;
  readonly name: string;
  /** Of a database of this suite's own. */
  readonly url: string;
}

/** How those tests go: each starts the plugin anew. */
export class ServerKeys {
  readonly #server: KeyedServer;
  readonly #systems: readonly [() => MofaSystem, () => MofaSystem];
  readonly store: Store;
  #stops: (() => Promise<void>)[] = [];

  constructor(server: KeyedServer, systems: readonly [() => MofaSystem, () => MofaSystem]) {
    this.#server = server;
    this.#systems = systems;
    this.store = storeOf(systems[0], server.name);
  }

  async open(config: object = {}, system = this.#systems[0]): Promise<void> {
    const { plugin, url } = this.#server;
    const handle = await system().startPlugins([{ plugin, config: { url, ...config } }]);
    this.#stops.push(async () => {
      system().exit(handle.ref, "shutdown");
      await handle.exit;
    });
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) await stop();
  }

  /** A read that comes while a write is held up: in which order they are answered. @param config none: it need not wait */
  async readBesideWrite(config?: object): Promise<string[]> {
    await this.open();
    await this.store.put({ key: "beside", value: 1 });
    await this.stop();
    await this.open(config);
    const order: string[] = [];
    const release = await this.#server.lock();
    const put = this.store.put({ key: "beside", value: 2 }).then(() => order.push("put"));
    await this.#server.someoneWaits();
    const get = this.store.get("beside").then(() => order.push("get"));
    if (config === undefined) await get;
    await release();
    await Promise.all([put, get]);
    return order;
  }

  /** Of a pool that is used up: by default reads wait until a connection is free, with that configuration they are told, and the store goes on. */
  async expectPoolBound(config: { readonly connectTimeoutMs: number }): Promise<void> {
    const patient = await this.#usedUpPool({});
    expect(patient.reads).toEqual(patient.reads.map(() => ({ value: expect.objectContaining({ value: 2 }) })));
    await this.stop();
    const { reads, write, after } = await this.#usedUpPool(config);
    const message = `none of poolSize (1) connections could be had within connectTimeoutMs (${config.connectTimeoutMs})`;
    expect(reads).toHaveLength(readsAtOnce);
    for (const refused of reads) expect(refused).toMatchObject({ code: "storage_failed", message });
    expect([write, after]).toMatchObject([{ value: { version: expect.any(Number) } }, { value: { value: 2 } }]);
  }

  /** Reads behind a write that is held up on the only connection: what they come to, and the write once it may go on, and a read behind all. */
  async #usedUpPool(config: object): Promise<{ reads: unknown[]; write: unknown; after: unknown }> {
    await this.open({ poolSize: 1, ...config });
    await this.store.put({ key: "used up", value: 1 });
    const release = await this.#server.lock();
    const put = failureOf(this.store.put({ key: "used up", value: 2 }));
    await this.#server.someoneWaits();
    // One by one, and together by a client.
    const client = clientOf(this.#systems[0], this.#server.name);
    const reads = Promise.all(
      Array.from({ length: readsAtOnce }, (_, at) => failureOf((at % 2 === 0 ? this.store : client).get("used up"))),
    );
    // By default they are answered when the write is.
    if (Object.keys(config).length > 0) await reads;
    await release();
    const [write, got] = await Promise.all([put, reads]);
    return { reads: got, write, after: await failureOf(this.store.get("used up")) };
  }

  /** What a write that is held up comes to, which otherwise would wait for long. */
  async heldWrite(config: object): Promise<unknown> {
    await this.open(config);
    const release = await this.#server.lock();
    try {
      return await failureOf(this.store.put({ key: "held", value: 1 }));
    } finally {
      await release();
    }
  }

  /** And what by default: it is there once it can be. */
  async patientWrite(): Promise<unknown> {
    await this.open();
    const release = await this.#server.lock();
    const put = failureOf(this.store.put({ key: "held", value: 1 }));
    await this.#server.someoneWaits();
    await release();
    return await put;
  }

  /** A server that falls silent: by default that is borne until it speaks again, with that configuration it is told. */
  async silentServer(config: object): Promise<unknown> {
    await using relay = await TcpRelay.open(this.#server.url);
    await this.open({ url: relay.url });
    await this.open({ url: relay.url, ...config }, this.#systems[1]);
    const hasty = storeOf(this.#systems[1], this.#server.name);
    const goOn = relay.pause();
    const patient = this.store.get("silent");
    const refused = await failureOf(hasty.get("silent"));
    goOn();
    expect(await patient).toBeUndefined();
    await this.stop();
    return refused;
  }

  /** A server that does not answer at first: by default that is borne, with that configuration it is told. */
  async slowServer(config: object): Promise<unknown> {
    await using relay = await TcpRelay.open(this.#server.url);
    const goOn = relay.hold();
    const patient = this.open({ url: relay.url });
    const refused = await failureOf(this.open({ url: relay.url, ...config }, this.#systems[1]));
    goOn();
    await patient;
    expect(await this.store.put({ key: "late", value: 1 })).toEqual({ version: expect.any(Number) });
    await this.stop();
    return refused;
  }
}
