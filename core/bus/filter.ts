/** What a subscription's filter lets through. */

/** Fields that a message must have. */
export type Filter = readonly (readonly [key: string, value: unknown])[];

/** Plain equality; what is no object has no fields. */
export function passes(filter: Filter, message: unknown): boolean {
  if (typeof message !== "object" || message === null) return false;
  for (const [key, value] of filter)
    if (!Object.hasOwn(message, key) || (message as Record<string, unknown>)[key] !== value) return false;
  return true;
}
