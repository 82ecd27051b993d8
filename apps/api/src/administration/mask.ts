import type { EventView } from '@pikaia/events';
import type { Identity } from '../authentication/identity.js';

const MASK = '[masked]';

/** Replaces each primitive in a value, so operators see the fields of an event but not the data of people. */
export function mask(value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mask(inner)]));
  return MASK;
}

/** Returns an event as a person may see it. For operators, its data and the email address of its actor are masked. */
export function maskFor<Event extends EventView>(identity: Identity, event: Event): Event {
  if (identity.kind !== 'operator' || event.payload === null) return event;
  const { actor, data } = event.payload;
  return {
    ...event,
    payload: {
      ...event.payload,
      actor: actor && { ...actor, ...(actor.email !== undefined && { email: MASK }) },
      data: mask(data),
    },
  };
}
