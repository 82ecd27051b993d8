import fc from 'fast-check';
import { toCloudEvent } from '../../contract/cloud-event.js';
import { DomainEvent } from '../../contract/domain-event.js';
import type { Envelope } from '../../contract/envelope.js';
import { eventSize } from '../../record/event-size.js';
import { serializeEvent } from '../../delivery/serialize-event.js';
import type { SinkEvent } from '../../delivery/sink.js';
import { entrySize, toEntry } from './bus-entry.js';

DomainEvent('thing.sourced', { version: 1, aggregate: 'thing', source: 'shop.things' })(class ThingSourced {});

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const events = fc
  .record({
    id: text,
    type: fc.constantFrom('a.b', 'order.größer'),
    data: fc.jsonValue(),
    position: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
  })
  .map(({ id, type, data, position }): SinkEvent => ({
    position: String(position),
    eventId: 'e',
    eventType: type,
    schemaVersion: 1,
    aggregateType: 'thing',
    aggregateId: id,
    organizationId: null,
    correlationId: null,
    occurredAt: new Date(0),
    payload: JSON.stringify({ event_id: 'e', aggregate_type: 'thing', aggregate_id: id, data }),
    attempt: 1,
  }));

describe('an EventBridge entry', () => {
  it('has the same source as the CloudEvent of the same event, also if the contract sets its own source', () => {
    for (const [type, aggregate] of [
      ['thing.sourced', 'thing'],
      ['thing.unknown', 'thing'],
    ] as const) {
      const [event] = fc.sample(
        events.map((one) => ({ ...one, eventType: type, aggregateType: aggregate })),
        1,
      );
      const { source } = toCloudEvent({ event_type: type, schema_version: 1, aggregate_type: aggregate } as Envelope);
      expect(toEntry(event!, 'bus').Source).toBe(source);
      expect(source).toBe(type === 'thing.sourced' ? 'shop.things' : 'pikaia.thing');
    }
  });

  it('has the size that AWS computes: 14 for the time, and the UTF-8 of source, type, detail and resources', () => {
    const entry = { Source: 'pikaia.a', DetailType: 'ä', Detail: '{"a":"€"}', Time: new Date(0), Resources: ['urn:1', 'ü'] };
    expect(entrySize(entry)).toBe(14 + 8 + 2 + 11 + 5 + 2);
    expect(entrySize({ Source: 'pikaia.a' })).toBe(8);
  });

  it('is never larger than the size that the log computed when the event was published', () => {
    fc.assert(
      fc.property(events, (event) => {
        const contract = { type: event.eventType, version: 1, aggregate: 'thing', source: 'pikaia.thing', data: Object };
        const envelope = JSON.parse(event.payload) as Parameters<typeof eventSize>[1];
        const counted = eventSize(contract, envelope, event.payload);
        const replayed = serializeEvent({ ...event, replayed: '01a21068-9b8c-7395-96b1-293c95188636' });
        const entry = toEntry(event, 'bus');
        return entrySize(entry) <= counted && entrySize({ ...entry, Detail: replayed }) <= counted;
      }),
    );
  });
});

describe('serializeEvent', () => {
  it('appends the sequence and, in a replay, the replay id, and changes nothing else', () => {
    fc.assert(
      fc.property(events, ({ payload, position }) => {
        expect(JSON.parse(serializeEvent({ payload, position }))).toEqual({ ...JSON.parse(payload), sequence: position });
        expect(JSON.parse(serializeEvent({ payload, position, replayed: 'r' }))).toEqual({
          ...JSON.parse(payload),
          sequence: position,
          replayed: 'r',
        });
        expect(serializeEvent({ payload, position }).startsWith(payload.slice(0, -1))).toBe(true);
      }),
    );
  });

  it('keeps numbers that JavaScript cannot represent', () => {
    expect(serializeEvent({ payload: '{"n":12345678901234567890123}', position: '1' })).toBe(
      '{"n":12345678901234567890123,"sequence":"1"}',
    );
  });

  it('accepts white space and an empty object', () => {
    expect(serializeEvent({ payload: ' { "a": 1 } \n', position: '1' })).toBe(' { "a": 1,"sequence":"1"}');
    expect(serializeEvent({ payload: '{ }', position: '1' })).toBe('{"sequence":"1"}');
  });

  it.each(['', '[]', '"{}"', '1', '{'])('refuses %j', (payload) => {
    expect(() => serializeEvent({ payload, position: '1' })).toThrow('not a JSON object');
  });
});
