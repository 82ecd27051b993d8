import type { EnvelopeActor } from './envelope.js';

/**
 * Returns the actor of an envelope that is JSON text. Undefined if there is none, or if the text is no readable envelope: a sink
 * can refuse an event for that reason.
 */
export function readActor(payload: string | null): EnvelopeActor | undefined {
  if (payload === null) return undefined;
  try {
    const { actor } = JSON.parse(payload) as { actor?: EnvelopeActor | null };
    return typeof actor?.type === 'string' && typeof actor.id === 'string' ? actor : undefined;
  } catch {
    return undefined;
  }
}
