import { MASKED, redactValue, TextMask, withTextMask } from '@pikaia/core';
import { maskData, personalTexts } from '../contract/personal-data.js';
import type { EventScope } from './event-filter.js';
import type { EventView, ReceiptView } from './event.view.js';

const ENVELOPE_FIELDS: ReadonlySet<string> = new Set([
  'event_id', 'event_type', 'schema_version', 'occurred_at', 'aggregate_type', 'aggregate_id', 'organization_id', 'correlation_id',
  'causation_id',
]); // prettier-ignore

/**
 * The rule about personal data in what `EventLog` returns: an organization sees the personal data of its own events. Operators see
 * it masked: in the payload, in errors and in the results of consumers.
 */
export class PersonalView {
  private readonly isMasked: boolean;
  private readonly masks = new Map<string, TextMask | undefined>();
  private readonly allMasks: TextMask | undefined;

  /** @param events with their personal data. */
  constructor(scope: EventScope, events: readonly EventView[]) {
    this.isMasked = 'operator' in scope;
    if (!this.isMasked) return;
    const texts = events.flatMap(({ event_id: id, event_type, schema_version, payload }) => {
      if (payload === null) return []; // too large for a list
      const found = personalTexts({ ...payload, event_type, schema_version });
      this.masks.set(id, TextMask.of(found));
      return found;
    });
    this.allMasks = TextMask.of(texts);
  }

  event<Event extends EventView>(event: Event): Event {
    if (!this.isMasked) return event;
    const { event_id: id, last_error: error, deciding_deliveries: deliveries } = event;
    const errors = { last_error: this.about(id, error), deciding_deliveries: this.about(id, deliveries) };
    return { ...event, ...errors, payload: maskPayload(event) };
  }

  receipt(receipt: ReceiptView): ReceiptView {
    const { event_id: id, result } = receipt;
    const isKnown = !this.isMasked || this.masks.has(id);
    return { ...receipt, result: isKnown || result === null ? this.about(id, result) : MASKED };
  }

  /** Masks the personal values of an event in what was written about it. */
  about<T>(eventId: string, value: T): T {
    return applyMask(this.masks.get(eventId), value);
  }

  /** Masks the personal values of all events in what was written about them. */
  aboutAll<T>(value: T): T {
    return applyMask(this.allMasks, value);
  }
}

const applyMask = <T>(mask: TextMask | undefined, value: T): T => (mask ? withTextMask(mask, () => redactValue(value)) : value);

function maskPayload({ event_type: type, schema_version: version, payload }: EventView): EventView['payload'] {
  if (payload === null) return null;
  if (typeof payload !== 'object' || Array.isArray(payload)) return MASKED as unknown as EventView['payload']; // not by publish
  const masked = Object.entries(payload).map(([name, value]) => {
    if (ENVELOPE_FIELDS.has(name)) return [name, value];
    if (name === 'data') return [name, maskData(type, version, value)];
    return [name, name === 'actor' ? maskActor(value) : MASKED];
  });
  return Object.fromEntries(masked) as unknown as EventView['payload'];
}

const maskActor = (actor: unknown): unknown =>
  typeof actor === 'object' && actor !== null && 'email' in actor ? { ...actor, email: MASKED } : actor;
