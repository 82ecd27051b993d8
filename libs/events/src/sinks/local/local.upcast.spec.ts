import { PikaiaError } from '@pikaia/core';
import { writeInTransaction } from '@pikaia/database';
import { IsString } from 'class-validator';
import { ConsumerProcess } from '../../../../../test/support/outbox/consumer.process.js';
import { insertEvent, statusOf, type TestEvent } from '../../../../../test/support/outbox/events.js';
import { OutboxFixture } from '../../../../../test/support/outbox/outbox.fixture.js';
import { Consumer, Handles } from '../../consume/consumer.decorator.js';
import { DomainEvent } from '../../contract/domain-event.js';
import type { EventOf } from '../../contract/envelope.js';
import { Upcast } from '../../contract/upcast.decorator.js';
import type { ScriptedSink } from '../../../../../test/support/outbox/scripted-sink.js';
import { registerSinks } from '../../log/register-sinks.js';

@DomainEvent('thing.named', { version: 1, aggregate: 'thing' })
class ThingNamed {
  @IsString()
  name!: string;
}

@DomainEvent('thing.named', { version: 2, aggregate: 'thing' })
class ThingNamedV2 {
  @IsString()
  title!: string;

  @Upcast(ThingNamed, ThingNamedV2)
  static fromV1({ name }: ThingNamed): ThingNamedV2 {
    if (name === 'unnamed') throw new Error('a name that the upcaster does not expect');
    return { title: name === 'empty' ? (undefined as unknown as string) : name };
  }
}

const INSERT = 'insert into thing_name (event_id, title, stored_version) values ($1, $2, $3)';

@Consumer('namer', { from: 'beginning' })
class Namer {
  @Handles(ThingNamedV2, { effect: 'database', maxAttempts: 2 })
  async name({ event_id, data, schema_version, upcast_from }: EventOf<ThingNamedV2>): Promise<void> {
    expect([data instanceof ThingNamedV2, schema_version]).toEqual([true, 2]);
    await writeInTransaction(
      (manager) => manager.query(INSERT, [event_id, data.title, upcast_from ?? schema_version]),
      () => new PikaiaError('PIKAIA_TRANSACTION_REQUIRED', 'no transaction'),
    );
  }
}

describe('a consumer of version 2 with stored events of version 1', () => {
  const at = new OutboxFixture();
  let worker: ConsumerProcess;

  beforeAll(async () => {
    await at.open();
    await at.queryAsOwner(`create table thing_name (event_id uuid, title text, stored_version int);
      grant select, insert on thing_name to pikaia_worker, pikaia_api`);
    worker = await ConsumerProcess.start(at.database.workerUrl, new Namer());
    at.sink = worker.sink as object as ScriptedSink; // the relays and commands of the fixture use it
    await registerSinks(at.database.workerUrl, [at.sink], 'spec');
  });
  afterAll(async () => {
    await worker.stop();
    await at.close();
  });

  let aggregates = 0;
  const publish = (data: object, event: Partial<TestEvent> = {}): Promise<TestEvent> =>
    insertEvent(at.api, { type: 'thing.named', aggregate: `a${++aggregates}`, data, ...event });
  const run = (): Promise<void> => at.runRelayOnce();
  /** Runs the relay until the event has no attempt left. */
  async function runOut(event: TestEvent): Promise<void> {
    await run();
    expect(await statusOf(at.api, event.id)).toMatchObject({ status: 'retrying', attempts: 1 });
    at.clock.advance(60_000);
    await run();
  }
  const named = async ({ id }: TestEvent) =>
    (await at.api.query<object>('select title, stored_version from thing_name where event_id = $1', [id])).rows;
  const stored = async ({ id }: TestEvent) =>
    (await at.api.query<object>('select schema_version, payload::text, txid from outbox.outbox_log where event_id = $1', [id]))
      .rows;

  it('receives them as version 2, beside the events of version 2 and in the order of the aggregate', async () => {
    const [first, second, third] = [
      await publish({ name: 'one' }, { aggregate: 'in order' }),
      await publish({ title: 'two' }, { aggregate: 'in order', version: 2 }),
      await publish({ name: 'three' }, { aggregate: 'in order' }),
    ];
    const before = await stored(first);
    await run();
    const { rows } = await at.api.query<object>('select title, stored_version from thing_name');
    expect(rows).toEqual([
      { title: 'one', stored_version: 1 },
      { title: 'two', stored_version: 2 },
      { title: 'three', stored_version: 1 },
    ]);
    expect(await at.statuses([first, second, third])).toEqual(['published', 'published', 'published']);
    expect(await stored(first)).toEqual(before);
  });

  it('receives them in a replay too', async () => {
    const event = await publish({ name: 'again' });
    await run();
    const id = await at.replay({ event_id: event.id });
    await run();
    expect((await at.answer(id)).answer).toMatchObject({ outcome: 'done', matched: 1, sent: 1 });
    expect(await named(event)).toEqual(Array(2).fill({ title: 'again', stored_version: 1 }));
  });

  it.each([
    ['throws', 'unnamed', 'ThingNamedV2.fromV1 throws'],
    ['returns invalid data', 'empty', 'ThingNamedV2.fromV1 violates ThingNamedV2 in these fields: title'],
  ])('keeps an event whose upcaster %s as a dead letter and holds back its aggregate', async (_, name, why) => {
    const event = await publish({ name }, { aggregate: name });
    const behind = await publish({ title: 'behind' }, { aggregate: name, version: 2 });
    await runOut(event);
    expect(await at.statuses([event, behind])).toEqual(['failed', 'waiting']);
    expect((await statusOf(at.api, event.id)).last_error).toContain(
      `PIKAIA_EVENT_UPCAST_FAILED: This thing.named version 1 cannot be upcast: ${why}.`,
    );
    expect(await named(event)).toEqual([]);
  });

  it('refuses stored data that violates version 1 after a second attempt', async () => {
    const event = await publish({ title: 'not of version 1' });
    await runOut(event);
    expect(await statusOf(at.api, event.id)).toMatchObject({
      status: 'failed',
      last_error: expect.stringContaining('UNREADABLE'),
    });
  });
});
