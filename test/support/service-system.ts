/** A system on a manual clock, and a way to services of a test's own beside those of the runtime. */
import type { ExitReason, Service, SystemOptions } from "../../core/index.ts";
import { serviceBehaviour } from "../../core/kernel/service.ts";
import { bootSystem } from "../../core/system/boot.ts";
import { MofaSystem } from "../../mofa-system.ts";

export interface ServiceSystem {
  readonly system: MofaSystem;
  start(name: string, init?: () => void): void;
  /** What its services were told of their end, in that order. */
  readonly told: readonly (readonly [string, ExitReason])[];
}

export async function startServiceSystem(options: SystemOptions): Promise<ServiceSystem> {
  const parts = await bootSystem(options);
  const told: [string, ExitReason][] = [];
  return {
    system: new MofaSystem(parts),
    told,
    start: (name, init = () => {}) => {
      const behaviour = serviceBehaviour(name, import.meta.url, { init, receive: () => {} });
      const service: Service = { name, behaviour, ended: (reason) => told.push([name, reason]) };
      parts.host.startService?.(service);
    },
  };
}
