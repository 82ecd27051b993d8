import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, newId, type Clock, type ContextSnapshot } from '@pikaia/core';
import { DatabaseModule, Propagation, Transactional } from '@pikaia/database';
import { Type } from 'class-transformer';
import { IsEmail, IsIn, IsOptional, IsString, ValidateNested } from 'class-validator';
import fc from 'fast-check';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { parseEvent } from '../consume/event.parser.js';
import { DomainEvent } from '../contract/domain-event.js';
import type { Envelope } from '../contract/envelope.js';
import { EventsModule } from './events.module.js';
import { Events, type Aggregate } from './events.service.js';

class Sender {
  @IsEmail()
  email!: string;
}

@DomainEvent('letter.sent', { version: 2, aggregate: 'letter', source: 'pikaia.post' })
class LetterSent {
  @IsString()
  title!: string;

  @IsIn(['air', 'land'])
  way!: string;

  @ValidateNested()
  @Type(() => Sender)
  sender!: Sender;

  @IsOptional()
  labels?: Record<string, unknown>;
}

const letter = { id: 'letter-1' };
const data: LetterSent = { title: 'Grüße', way: 'air', sender: { email: 'bob@example.com' } };
const clock: Clock = { now: () => new Date('2026-01-17T10:23:45.123Z'), monotonic: () => performance.now() };

@Injectable()
class Post {
  constructor(readonly events: Events) {}

  @Transactional()
  async send(content: object = data, aggregate: Aggregate = letter): Promise<string> {
    return this.events.publish(LetterSent, aggregate, content as LetterSent);
  }

  /** Publishes an event that is refused, then one that is not. @returns the error. */
  @Transactional()
  async sendAfterRefusal(aggregate: Aggregate, bound: Partial<ContextSnapshot> = {}, content: object = data): Promise<unknown> {
    const before = context.current!;
    context.bind(bound);
    const error: unknown = await this.events
      .publish(LetterSent, aggregate, content as LetterSent)
      .catch((thrown: unknown) => thrown);
    context.bind(before);
    await this.events.publish(LetterSent, letter, data);
    return error;
  }

  @Transactional()
  async sendAndFail(): Promise<void> {
    await this.send();
    throw new Error('no');
  }

  @Transactional(Propagation.Required)
  async forgetToAwait(): Promise<void> {
    void this.events.publish(LetterSent, letter, data);
  }
}

let database: TestDatabase;
let app: INestApplicationContext;
let owner: pg.Client;
let post: Post;

beforeAll(async () => {
  database = await createDatabase();
  owner = await connect(database.ownerUrl);
  const settings = { databaseUrl: database.apiUrl, databasePoolSize: 5, databaseStatementTimeoutMs: 5_000 };
  @Module({
    imports: [
      ClsModule.forRoot({ global: true }),
      DatabaseModule.forRoot({ settings, applicationName: 'spec' }),
      EventsModule.forRoot({ databaseUrl: database.apiUrl, applicationName: 'spec', clock }),
    ],
    providers: [Post],
  })
  class SpecModule {}
  app = await NestFactory.createApplicationContext(SpecModule, { logger: ['error'] });
  post = app.get(Post);
});

afterAll(async () => {
  await app.close();
  await owner.end();
  await database.drop();
});

beforeEach(() => owner.query('truncate outbox.outbox_log'));

const correlationId = newId();
const inContext = <T>(work: () => T): T =>
  context.run(
    {
      correlationId,
      organizationId: 'org_abc',
      actor: { type: 'user', id: '123', email: 'alice@example.com', name: 'Alice' },
    },
    work,
  );
const stored = async (): Promise<Record<string, unknown>[]> =>
  (await owner.query<Record<string, unknown>>('select *, payload::text as text from outbox.outbox_log order by position')).rows;

/** The value as plain objects, lists and text, without absent properties. */
const canonical = (value: unknown): unknown => {
  if (Object.prototype.toString.call(value) === '[object Date]') return (value as Date).toISOString();
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const present = Object.entries(value).filter(([, item]) => item !== undefined);
  return new Map(present.map(([key, item]) => [key, canonical(item)]));
};

describe('Events.publish', () => {
  it('stores the envelope with its keys in the order of the wire format, and the columns that identify the event', async () => {
    const id = await inContext(() => post.send());
    const [row, ...others] = await stored();
    expect(others).toEqual([]);
    expect(row!['text']).toBe(
      `{"event_id":"${id}","event_type":"letter.sent","schema_version":2,"occurred_at":"2026-01-17T10:23:45.123Z",` +
        `"aggregate_type":"letter","aggregate_id":"letter-1","organization_id":"org_abc","correlation_id":"${correlationId}",` +
        `"actor":{"type":"user","id":"123","email":"alice@example.com"},` +
        `"data":{"title":"Grüße","way":"air","sender":{"email":"bob@example.com"}}}`,
    );
    expect(row).toMatchObject({
      event_id: id,
      event_type: 'letter.sent',
      schema_version: 2,
      aggregate_type: 'letter',
      aggregate_id: 'letter-1',
      organization_id: 'org_abc',
      correlation_id: correlationId,
      occurred_at: clock.now(),
    });
  });

  it("uses the aggregate's organization instead of the context's, and null for no organization", async () => {
    await inContext(async () => {
      await post.send(data, { id: 7, organizationId: 'org_other' });
      await post.send(data, { id: 7n, organizationId: null });
    });
    expect((await stored()).map((row) => [row['organization_id'], row['aggregate_id']])).toEqual([
      ['org_other', '7'],
      [null, '7'],
    ]);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['NaN', Number.NaN],
    ['an unsafe integer', 2 ** 53],
    ['a fraction', 1.5],
    ['empty text', ''],
    ['blank text', ' \t\u00a0'],
    ['an object', {}],
    ['a list', ['letter-1']],
    ['an object without a prototype', Object.create(null)],
    ['a date', new Date()],
    ['a function', () => 'letter-1'],
    ['a symbol', Symbol('letter-1')],
    ['a boolean', true],
    [
      'an object with a method toString',
      new (class Id {
        toString = () => 'letter-1';
      })(),
    ],
    ['text of 1,025 bytes', 'é'.repeat(512) + 'x'],
  ])('refuses an id of an aggregate or of the context that is %s, and the transaction stays usable', async (_, id) => {
    const refused = (aggregate: object, code: string, bound: object = {}) =>
      expect(inContext(() => post.sendAfterRefusal(aggregate as Aggregate, bound))).resolves.toMatchObject({ code });
    await refused({ id }, 'PIKAIA_EVENT_AGGREGATE_INVALID');
    let expected = 1;
    const isNone = id === undefined || id === null;
    if (!isNone) {
      await refused({ id: 1, organizationId: id }, 'PIKAIA_EVENT_AGGREGATE_INVALID');
      await refused(
        letter,
        typeof id === 'string' && id.length > 9 ? 'PIKAIA_EVENT_AGGREGATE_INVALID' : 'PIKAIA_CONTEXT_INVALID',
        { organizationId: id },
      );
      expected += 2;
    }
    if (typeof id !== 'string' || id.length < 9) {
      await refused(letter, 'PIKAIA_CONTEXT_INVALID', { actor: { type: 'user', id } });
      await refused(letter, 'PIKAIA_CONTEXT_INVALID', { actor: { type: id, id: '1' } });
      expected += 2;
    }
    expect(await stored()).toHaveLength(expected);
    if (id === undefined) return;
    await expect(context.run({ correlationId: id as string }, () => post.send())).rejects.toMatchObject({
      code: 'PIKAIA_CONTEXT_INVALID',
      message: expect.stringMatching(/^The correlation id of the context is /),
    });
  });

  it('refuses a missing aggregate and an entity whose row is not saved, and the error names the remedy', async () => {
    class Draft {
      id!: string;
    }
    for (const aggregate of [null, 'letter-1', new Draft()]) {
      await expect(inContext(() => post.send(data, aggregate as never))).rejects.toMatchObject({
        code: 'PIKAIA_EVENT_AGGREGATE_INVALID',
        message:
          'letter.sent: the id of the aggregate is undefined. Save the row before you publish, or create its id with newId(). Pass an id object as text.',
      });
    }
  });

  it('stores ids that are numbers as text, and an absent email of the actor as no email', async () => {
    const upperCaseId = newId().toUpperCase();
    const actor = { type: 'user', id: 9, email: null };
    await context.run({ correlationId: upperCaseId, organizationId: 42, actor } as never, () => post.send(data, { id: -7 }));
    const [row] = await stored();
    expect(await parseEvent(LetterSent, row!['payload'])).toMatchObject({
      aggregate_id: '-7',
      organization_id: '42',
      correlation_id: upperCaseId.toLowerCase(),
      actor: { type: 'user', id: '9' },
    });
    await expect(context.run({ actor: { type: 'user', id: '9', email: 1 } } as never, () => post.send())).rejects.toMatchObject({
      code: 'PIKAIA_CONTEXT_INVALID',
    });
  });

  it('stores a null actor for a context without an actor, and refuses to publish without a context', async () => {
    await context.run({}, () => post.send());
    expect((await stored())[0]).toMatchObject({ payload: { actor: null }, organization_id: null });
    await expect(post.send()).rejects.toMatchObject({ code: 'PIKAIA_CONTEXT_MISSING' });
  });

  it('refuses to publish outside a transaction', async () => {
    await expect(inContext(() => post.events.publish(LetterSent, letter, data))).rejects.toMatchObject({
      code: 'PIKAIA_EVENT_OUTSIDE_TRANSACTION',
    });
    expect(await stored()).toEqual([]);
  });

  it('stores no event when its transaction is rolled back', async () => {
    await expect(inContext(() => post.sendAndFail())).rejects.toThrow('no');
    expect(await stored()).toEqual([]);
  });

  it('stores an event that is not awaited when its transaction commits', async () => {
    await inContext(() => post.forgetToAwait());
    expect(await stored()).toHaveLength(1);
  });

  it('leaves the transaction usable after it refuses an event', async () => {
    const error = await inContext(() => post.sendAfterRefusal(letter, {}, { title: 1 }));
    expect(error).toMatchObject({ code: 'PIKAIA_EVENT_INVALID' });
    expect(await stored()).toHaveLength(1);
  });

  it.each<[string, object | null, RegExp]>([
    ['a missing field', { way: 'air', sender: data.sender }, /letter\.sent version 2 .*LetterSent: title breaks isString/],
    ['a wrong value', { ...data, way: 'sea' }, /way breaks isIn \(way must be one of the following values: air, land\)/],
    ['a nested field', { ...data, sender: { email: 'secret-value' } }, /sender\.email breaks isEmail/],
    ['an unknown field', { ...data, extra: 1 }, /extra breaks whitelistValidation/],
    ['an unknown nested field', { ...data, sender: { ...data.sender, extra: 1 } }, /sender\.extra breaks whitelistValidation/],
    ['an array', [], /it must be an object/],
    ['null', null, /it must be an object/],
    ['a bigint', { ...data, title: 1n }, /title is a bigint/],
  ])(
    'refuses data with %s, and the error names the contract, the field and the rule but no value',
    async (_, content, message) => {
      const error = await inContext(() => post.send(content as never)).then(
        () => undefined,
        (thrown: { code: string; message: string }) => thrown,
      );
      expect(error).toMatchObject({ code: 'PIKAIA_EVENT_INVALID', message: expect.stringMatching(message) });
      expect(error!.message).not.toContain('secret-value');
      expect(await stored()).toEqual([]);
    },
  );

  it('gives consumers exactly the data that it accepts, whatever the data is', async () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withObjectString: true,
      withSparseArray: true,
      withUnicodeString: true,
    });
    const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', 'length', 'then', 'toJSON'));
    const labels = fc.dictionary(key, fc.oneof(anything, fc.jsonValue(), fc.double(), fc.date({ noInvalidDate: true })));
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(labels, fc.string({ unit: 'binary' }), async (given, title) => {
        const content = { ...data, title, labels: given };
        const id = await inContext(() => post.send(content)).catch((error: { code: string }) => {
          expect(['PIKAIA_EVENT_INVALID', 'PIKAIA_EVENT_TEXT_INVALID']).toContain(error.code);
        });
        if (id === undefined) return;
        accepted++;
        const { rows } = await owner.query<{ payload: Envelope }>('select payload from outbox.outbox_log where event_id = $1', [
          id,
        ]);
        const { data: read } = await parseEvent(LetterSent, rows[0]!.payload);
        expect(canonical(read)).toEqual(canonical(content));
      }),
      { numRuns: 300 },
    );
    expect(accepted).toBeGreaterThan(20);
  });

  it.each<[string, object, string]>([
    ['U+0000 in a string', { ...data, title: 'a\0b' }, 'data.title'],
    ['an unpaired surrogate', { ...data, title: '\ud800' }, 'data.title'],
    [
      'an unpaired surrogate in a nested array',
      { ...data, labels: { list: ['ok', { deep: '\udc00x' }] } },
      'data.labels.list[1].deep',
    ],
    ['U+0000 in a key', { ...data, labels: { 'a\0': 1 } }, 'a key of data.labels'],
  ])('refuses text with %s, and the error names the field', async (_, content, field) => {
    await expect(inContext(() => post.send(content))).rejects.toMatchObject({
      code: 'PIKAIA_EVENT_TEXT_INVALID',
      message: expect.stringContaining(`letter.sent: ${field} contains`),
    });
    expect(await stored()).toEqual([]);
  });

  it('accepts escape sequences as text and complete surrogate pairs', async () => {
    await inContext(() => post.send({ ...data, title: '\\u0000 \\ud800 😀 \u2028' }));
    expect((await stored())[0]).toMatchObject({ payload: { data: { title: '\\u0000 \\ud800 😀 \u2028' } } });
  });

  it('refuses an event that exceeds 256 KiB as sent by one byte in UTF-8, and the error names both sizes', async () => {
    const sizeOf = async (title: string): Promise<number> => {
      await inContext(() => post.send({ ...data, title }));
      return Number((await stored()).at(-1)!['size']);
    };
    const empty = await sizeOf('');
    expect(await sizeOf('é')).toBe(empty + 2);
    const [row] = await stored();
    const sent = JSON.stringify({ ...(row!['payload'] as object), sequence: '9223372036854775807', replayed: newId() });
    expect(empty).toBe(
      Buffer.byteLength(sent) + 'letter.sent'.length + 'pikaia.post'.length + 'urn:pikaia:letter:letter-1'.length + 14,
    );
    expect(await sizeOf('x'.repeat(262_144 - empty))).toBe(262_144);
    await expect(inContext(() => post.send({ ...data, title: 'x'.repeat(262_145 - empty) }))).rejects.toMatchObject({
      code: 'PIKAIA_EVENT_TOO_LARGE',
      message: expect.stringMatching(/262145 bytes as sent; the limit is 262144/),
    });
  });
});
