import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, newId, type Clock } from '@pikaia/core';
import { DatabaseModule, Propagation, Transactional } from '@pikaia/database';
import { Type } from 'class-transformer';
import { IsEmail, IsIn, IsOptional, IsString, ValidateNested } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { DomainEvent } from '../contract/domain-event.js';
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

  @Transactional()
  async sendAfterRefusal(): Promise<void> {
    await expect(this.events.publish(LetterSent, letter, { title: 1 } as never)).rejects.toMatchObject({
      code: 'PIKAIA_EVENT_INVALID',
    });
    await this.events.publish(LetterSent, letter, data);
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
    await inContext(() => post.sendAfterRefusal());
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
    ['a bigint', { ...data, title: 1n }, /cannot be serialized as JSON/],
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
