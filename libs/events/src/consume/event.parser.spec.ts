import { newId, PikaiaError } from '@pikaia/core';
import { Type } from 'class-transformer';
import { IsEmail, IsInt, ValidateNested } from 'class-validator';
import fc from 'fast-check';
import { toCloudEvent } from '../contract/cloud-event.js';
import { DomainEvent } from '../contract/domain-event.js';
import { parseEvent, type ParsedEvent } from './event.parser.js';

class Person {
  @IsEmail()
  email!: string;
}

@DomainEvent('letter.posted', { version: 1, aggregate: 'letter', source: 'mail.room' })
class LetterPosted {
  @ValidateNested()
  @Type(() => Person)
  to!: Person;
}

@DomainEvent('letter.lost', { version: 2, aggregate: 'letter' })
class LetterLost {
  @IsInt()
  weight!: number;
}

const envelope = {
  event_id: newId(),
  event_type: 'letter.posted',
  schema_version: 1,
  occurred_at: '2026-01-01T08:30:00.000Z',
  aggregate_type: 'letter',
  aggregate_id: 'l-1',
  organization_id: newId(),
  correlation_id: newId(),
  actor: { type: 'user', id: 'u-1', email: 'alice@example.com' },
  data: { to: { email: 'bob@example.com' } },
  sequence: '42',
};
/** An EventBridge event as AWS delivers it to the target of a rule. */
const fromBus = (detail: unknown = envelope) => ({
  version: '0',
  id: 'a-new-one-at-each-put',
  'detail-type': 'letter.posted',
  source: 'mail.room',
  account: '123456789012',
  time: '2026-01-01T08:30:00Z',
  region: 'eu-central-1',
  resources: ['urn:pikaia:letter:l-1'],
  detail,
});
/** An SQS record as Lambda receives it from the queue of the rule. */
const fromQueue = (body: unknown = fromBus()) => ({
  messageId: newId(),
  receiptHandle: 'AQEB…',
  body: typeof body === 'string' ? body : JSON.stringify(body),
  attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1767256200000' },
  messageAttributes: {},
  eventSource: 'aws:sqs',
  awsRegion: 'eu-central-1',
});
const refusal = (code: string, words: string) => expect.objectContaining({ code, message: expect.stringContaining(words) });

describe('parseEvent', () => {
  it.each([
    ['an envelope', envelope],
    ['the JSON text of an envelope', JSON.stringify(envelope)],
    ['an EventBridge event', fromBus()],
    ['the JSON text of an EventBridge event', JSON.stringify(fromBus())],
    ['an SQS record with an EventBridge event', fromQueue()],
    ['an SQS record with an envelope', fromQueue(envelope)],
    ['a CloudEvent', toCloudEvent(envelope)],
    ['an SQS record with a CloudEvent', fromQueue(toCloudEvent(envelope))],
  ])('parses %s', async (_, source) => {
    const event = await parseEvent(LetterPosted, source);
    expect(event).toEqual(envelope);
    expect(event.data).toBeInstanceOf(LetterPosted);
    expect(event.data.to).toBeInstanceOf(Person);
  });

  it('selects the contract of the event from a list, and narrows the type of its data', async () => {
    const read = async (source: unknown): Promise<string> => {
      const { data } = await parseEvent([LetterPosted, LetterLost], source);
      return data instanceof LetterLost ? `lost, ${data.weight.toFixed()} g` : data.to.email;
    };
    expect(await read(envelope)).toBe('bob@example.com');
    const lost = { ...envelope, event_type: 'letter.lost', schema_version: 2, data: { weight: 20 } };
    expect(await read(lost)).toBe('lost, 20 g');
    const typed = (event: ParsedEvent<LetterLost>): number => event.data.weight;
    expect(typed(await parseEvent(LetterLost, lost))).toBe(20);
  });

  it('keeps fields that a newer publisher added', async () => {
    const newer = { ...envelope, causation_id: newId(), data: { ...envelope.data, stamp: 'blue' } };
    expect(await parseEvent(LetterPosted, newer)).toMatchObject({ data: { stamp: 'blue' } });
  });

  it('returns no sequence for an envelope that no relay sent', async () => {
    const { sequence: _, ...stored } = envelope;
    expect(await parseEvent(LetterPosted, stored)).not.toHaveProperty('sequence');
  });

  it.each([
    ['text that is not JSON', '{"event_id":', 'not valid JSON'],
    ['a body that is not JSON', fromQueue('nonsense'), 'not valid JSON'],
    ['a list', [envelope], 'not a JSON object'],
    ['undefined', undefined, 'not a JSON object'],
    ['the text null', 'null', 'not a JSON object'],
    ['an object of another kind', { Records: [] }, 'not an envelope, EventBridge event, SQS record or CloudEvent'],
    ['an EventBridge event without detail', fromBus(null), 'not a JSON object'],
    ['a detail routed as another type', { ...fromBus(), 'detail-type': 'letter.lost' }, 'not the event_type of its detail'],
    [
      'an event in five nested records',
      fromQueue(fromQueue(fromQueue(fromQueue(fromQueue(envelope))))),
      'too many nested wrappers',
    ],
    ['a CloudEvent of a later version', { ...toCloudEvent(envelope), specversion: '2.0' }, 'version is not 1.0'],
    [
      'a CloudEvent without envelope fields',
      { specversion: '1.0', id: '1', type: 'a.b', source: '/x', data: {} },
      'schema_version',
    ],
    ['an id that is not a UUID', { ...envelope, event_id: 'geheim' }, 'invalid: event_id.'],
    ['a version that is not a number', { ...envelope, schema_version: '1' }, 'invalid: schema_version.'],
    ['an actor without id', { ...envelope, actor: { type: 'user' } }, 'invalid: actor.'],
    ['an invalid time', { ...envelope, occurred_at: 'yesterday' }, 'invalid: occurred_at.'],
    ['data that is a list', { ...envelope, data: [] }, 'invalid: data.'],
    ['data that violates the contract', { ...envelope, data: { to: { email: 'geheim' } } }, 'in these fields: to.'],
  ])('refuses %s, and the error contains no value', async (_, source, words) => {
    await expect(parseEvent(LetterPosted, source)).rejects.toEqual(refusal('PIKAIA_EVENT_UNREADABLE', words));
    await expect(parseEvent(LetterPosted, source)).rejects.not.toThrow(/geheim/);
  });

  it('throws different errors for another version, another type and a class that is not a contract', async () => {
    const code = (code: string) => expect.objectContaining({ code });
    await expect(parseEvent(LetterPosted, { ...envelope, schema_version: 3 })).rejects.toEqual(
      code('PIKAIA_EVENT_VERSION_UNKNOWN'),
    );
    await expect(parseEvent([LetterLost], envelope)).rejects.toEqual(code('PIKAIA_EVENT_UNEXPECTED'));
    await expect(parseEvent(Person, envelope)).rejects.toEqual(code('PIKAIA_EVENT_CONTRACT_INVALID'));
  });

  it('throws only PikaiaErrors for arbitrary input', async () => {
    const wrapped = fc.oneof(
      fc.anything(),
      fc.jsonValue(),
      fc.json(),
      fc.jsonValue().map(fromBus),
      fc.record(Object.fromEntries(Object.keys(envelope).map((key) => [key, fc.jsonValue()]))),
      fc.dictionary(fc.constantFrom(...Object.keys(envelope), 'body', 'specversion', 'detail-type', 'detail'), fc.jsonValue()),
    );
    await fc.assert(
      fc.asyncProperty(wrapped, async (source) => {
        await expect(parseEvent(LetterPosted, source)).rejects.toBeInstanceOf(PikaiaError);
      }),
    );
  });
});

describe('toCloudEvent', () => {
  const NAME = /^[a-z\d]{1,20}$/; // the standard's rule for attribute names
  it('follows the rules of CloudEvents 1.0 for names and values', () => {
    const event = toCloudEvent({ ...envelope, organization_id: null, actor: null });
    for (const [name, value] of Object.entries(event)) {
      expect(name).toMatch(NAME);
      if (name !== 'data') expect(['string', 'number']).toContain(typeof value);
    }
    expect(event).toMatchObject({
      specversion: '1.0',
      id: envelope.event_id,
      source: 'mail.room',
      type: 'letter.posted',
      subject: 'urn:pikaia:letter:l-1',
      time: envelope.occurred_at,
    });
    expect(event).not.toHaveProperty('organizationid');
  });
});
