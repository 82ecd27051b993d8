import { captureLogs } from '@pikaia/logging/testing';
import { IsOptional } from 'class-validator';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { ConsumerProcess, sinkEvent } from '../../../../test/support/outbox/consumer.process.js';
import { DomainEvent } from '../contract/domain-event.js';
import type { SinkEvent } from '../delivery/sink.js';
import { Consumer, Handles } from './consumer.decorator.js';

@DomainEvent('page.printed', { version: 1, aggregate: 'page' })
class PagePrinted {
  @IsOptional()
  note?: string;
}

@Consumer('printer', { from: 'now' })
class Printer {
  result: unknown;

  @Handles(PagePrinted, { effect: 'external' })
  async print(): Promise<unknown> {
    return this.result;
  }
}

const ACCEPTED = { kind: 'accepted' };

describe('the result of an external effect in its receipt', () => {
  const printer = new Printer();
  let database: TestDatabase;
  let owner: pg.Client;
  let process: ConsumerProcess;

  beforeAll(async () => {
    database = await createDatabase();
    owner = await connect(database.ownerUrl);
    process = await ConsumerProcess.start(database.workerUrl, printer);
  });

  afterAll(async () => {
    await process.stop();
    await owner.end();
    await database.drop();
  });

  const receiptOf = async ({ eventId }: SinkEvent) => {
    const sql = 'select state, result from outbox.consumer_receipt where event_id = $1';
    return (await owner.query<Record<string, unknown>>(sql, [eventId])).rows[0];
  };

  const circular: Record<string, unknown> = { kept: 'yes' };
  circular['self'] = circular;
  it.each<[string, unknown, unknown, warnings: 0 | 1]>([
    ['nothing', undefined, null, 0],
    [
      'the text of an escape, which PostgreSQL accepts',
      { text: String.raw`\u0000 \ud800` },
      { text: String.raw`\u0000 \ud800` },
      0,
    ],
    ['a function', () => 1, null, 1],
    ['a symbol', Symbol('x'), null, 1],
    ['a BigInt', { id: 42n, kept: 'yes' }, { id: '42', kept: 'yes' }, 1],
    ['a circular object', circular, { kept: 'yes', self: '[circular]' }, 1],
    ['U+0000', { text: 'a\u0000b', '\u0000': 1, kept: 'yes' }, { text: 'a\ufffdb', '\ufffd': 1, kept: 'yes' }, 1],
    ['half of a surrogate pair', { text: 'a\ud800', kept: '\u{1f600}' }, { text: 'a\ufffd', kept: '\u{1f600}' }, 1],
    ['a toJSON that throws', { bad: { toJSON: () => JSON.parse('{') as unknown }, kept: 1 }, { bad: '[unreadable]', kept: 1 }, 1],
  ])('a result with %s does not undo the receipt, and what can be stored is kept', async (_name, result, stored, warnings) => {
    const event = sinkEvent('page.printed');
    printer.result = result;
    using logs = captureLogs();
    expect(await process.deliver(event)).toEqual(ACCEPTED);
    expect(await receiptOf(event)).toMatchObject({ state: 'done', result: stored });
    expect(logs.of('receipt_result_changed', { level: 'WARNING', 'event.id': event.eventId })).toHaveLength(warnings);
  });

  it('a result that only the server refuses is left out of the receipt', async () => {
    await owner.query(`alter table outbox.consumer_receipt add constraint spec
      check (jsonb_typeof(result) <> 'string' or (result #>> '{}')::int > 0) not valid`);
    try {
      const event = sinkEvent('page.printed');
      printer.result = 'not a number';
      using logs = captureLogs();
      expect(await process.deliver(event)).toEqual(ACCEPTED);
      expect(await receiptOf(event)).toMatchObject({ state: 'done', result: null });
      logs.one('receipt_result_changed', { problems: ['refused by the server'] });
    } finally {
      await owner.query('alter table outbox.consumer_receipt drop constraint spec');
    }
  });

  it('a result of 300 MB is cut, and a warning says so', async () => {
    const event = sinkEvent('page.printed');
    printer.result = { id: 'kept', body: 'x'.repeat(300_000_000) };
    using logs = captureLogs();
    expect(await process.deliver(event)).toEqual(ACCEPTED);
    const receipt = await receiptOf(event);
    const { id, body } = receipt!['result'] as { id: string; body: string };
    expect([receipt!['state'], id, /^x{1000000,1100000}$/.test(body)]).toEqual(['done', 'kept', true]);
    logs.one('receipt_result_changed', { level: 'WARNING', 'event.id': event.eventId });
  });

  it('a result is cut at every depth: long lists, long texts and deep nesting', async () => {
    const event = sinkEvent('page.printed');
    let deep: unknown = 'end';
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    printer.result = { id: 'kept', list: Array.from({ length: 2_000_000 }, (_, index) => index), deep };
    expect(await process.deliver(event)).toEqual(ACCEPTED);
    const { id, list } = (await receiptOf(event))!['result'] as { id: string; list: number[] };
    expect([id, list.slice(0, 3), list.length < 200_000]).toEqual(['kept', [0, 1, 2], true]);
  });
});
