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
/** As AWS delivers it to a rule's target. */
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
/** As Lambda gets it of the queue behind the rule. */
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
    ['the text of one', JSON.stringify(envelope)],
    ['an EventBridge event', fromBus()],
    ['the text of one', JSON.stringify(fromBus())],
    ['an SQS record with an EventBridge event', fromQueue()],
    ['an SQS record with the envelope alone', fromQueue(envelope)],
    ['a CloudEvent', toCloudEvent(envelope)],
    ['an SQS record with a CloudEvent', fromQueue(toCloudEvent(envelope))],
  ])('reads %s', async (_, source) => {
    const event = await parseEvent(LetterPosted, source);
    expect(event).toEqual(envelope);
    expect(event.data).toBeInstanceOf(LetterPosted);
    expect(event.data.to).toBeInstanceOf(Person);
  });

  it('reads whichever of several contracts it is, and the compiler knows which', async () => {
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

  it('lets pass what a newer publisher added', async () => {
    const newer = { ...envelope, causation_id: newId(), data: { ...envelope.data, stamp: 'blue' } };
    expect(await parseEvent(LetterPosted, newer)).toMatchObject({ data: { stamp: 'blue' } });
  });

  it('has no sequence where the envelope never went through a relay', async () => {
    const { sequence: _, ...stored } = envelope;
    expect(await parseEvent(LetterPosted, stored)).not.toHaveProperty('sequence');
  });

  it.each([
    ['no JSON', '{"event_id":', 'it is no JSON'],
    ['a body that is no JSON', fromQueue('nonsense'), 'it is no JSON'],
    ['a list', [envelope], 'no JSON object'],
    ['nothing', undefined, 'no JSON object'],
    ['null', 'null', 'no JSON object'],
    ['a stranger', { Records: [] }, 'no envelope, EventBridge event, SQS record or CloudEvent'],
    ['a detail that is missing', fromBus(null), 'no JSON object'],
    ['a detail routed as another type', { ...fromBus(), 'detail-type': 'letter.lost' }, 'not the type of the event inside'],
    ['a text in a text in a text …', fromQueue(fromQueue(fromQueue(fromQueue(fromQueue(envelope))))), 'wrapped too often'],
    ['a CloudEvent of a later standard', { ...toCloudEvent(envelope), specversion: '2.0' }, 'another version than 1.0'],
    ["a stranger's CloudEvent", { specversion: '1.0', id: '1', type: 'a.b', source: '/x', data: {} }, 'schema_version'],
    ['an id that is no UUID', { ...envelope, event_id: 'geheim' }, 'wrong: event_id.'],
    ['a version that is no number', { ...envelope, schema_version: '1' }, 'wrong: schema_version.'],
    ['half an actor', { ...envelope, actor: { type: 'user' } }, 'wrong: actor.'],
    ['a time that is none', { ...envelope, occurred_at: 'yesterday' }, 'wrong: occurred_at.'],
    ['data that is a list', { ...envelope, data: [] }, 'wrong: data.'],
    ['data that breaks the rules', { ...envelope, data: { to: { email: 'geheim' } } }, 'break its rules: to.'],
  ])('refuses %s, and shows no value', async (_, source, words) => {
    await expect(parseEvent(LetterPosted, source)).rejects.toEqual(refusal('PIKAIA_EVENT_UNREADABLE', words));
    await expect(parseEvent(LetterPosted, source)).rejects.not.toThrow(/geheim/);
  });

  it('tells another version from another type, and from a class that is no contract', async () => {
    const code = (code: string) => expect.objectContaining({ code });
    await expect(parseEvent(LetterPosted, { ...envelope, schema_version: 3 })).rejects.toEqual(
      code('PIKAIA_EVENT_VERSION_UNKNOWN'),
    );
    await expect(parseEvent([LetterLost], envelope)).rejects.toEqual(code('PIKAIA_EVENT_UNEXPECTED'));
    await expect(parseEvent(Person, envelope)).rejects.toEqual(code('PIKAIA_EVENT_CONTRACT_INVALID'));
  });

  it('throws PikaiaErrors only, whatever arrives', async () => {
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
  const NAME = /^[a-z\d]{1,20}$/; // what the standard allows and asks for
  it('keeps the rules of CloudEvents 1.0 for names and values', () => {
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
