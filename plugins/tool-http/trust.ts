/**
 * Whom a server's certificate may be signed by: those that Node brings along, and those that the configuration names. Nobody of the
 * environment, whose `NODE_EXTRA_CA_CERTS` and `NODE_USE_SYSTEM_CA` Node's own default takes.
 */
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";

export class Trust {
  readonly #ca: string;
  #context: SecureContext | undefined;

  /** @param ca certificates in PEM; empty: none. */
  constructor(ca: string) {
    this.#ca = ca;
  }

  /** Made once, when it is asked for first: it takes some milliseconds. */
  get context(): SecureContext {
    this.#context ??= createSecureContext({
      ca: [...getCACertificates("bundled"), ...(this.#ca === "" ? [] : [this.#ca])],
    });
    return this.#context;
  }
}
