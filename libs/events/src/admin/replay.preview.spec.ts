import { randomUUID } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import fc from 'fast-check';
import { startAdminApplication } from '../../../../test/support/outbox/admin.application.js';
import { insertEvent, type TestEvent } from '../../../../test/support/outbox/events.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { refused } from '../../../../test/support/outbox/scripted-sink.js';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import type { ReplayFilter } from '../commands/command.js';
import type { Outcome } from '../delivery/sink.js';
import { MAX_COUNTED, MAX_SCANNED } from './event-log.sql.js';
import { OutboxOperations } from './outbox.operations.js';

const SEED = 45;
const RUNS = 30;
const dead: Outcome = { kind: 'refused', error: new Error('mailbox full'), maxAttempts: 1 };
const never = '2020-01-01T00:00:00Z';

describe('OutboxOperations.previewReplay', () => {
  const at = useFixture(new OutboxFixture());
  let app: INestApplicationContext;
  let operations: OutboxOperations;

  beforeAll(async () => {
    app = await startAdminApplication(at.database.apiUrl, {});
    operations = app.get(OutboxOperations);
  });
  afterAll(() => app.close());

  async function preview(filter: ReplayFilter, organizationId?: string) {
    const [sink] = await operations.previewReplay({ filter, sink: at.sink.name, ...(organizationId && { organizationId }) });
    return sink!;
  }

  async function matchedBy(filter: ReplayFilter): Promise<{ matched: number; dead_letters: number }> {
    const { event_types: types } = await preview(filter);
    const sum = (name: 'matched' | 'dead_letters') => types.reduce((total, type) => total + type[name], 0);
    return { matched: sum('matched'), dead_letters: sum('dead_letters') };
  }

  it('counts what a dry run of the leader counts, for any filter', async () => {
    await at.reset({ from: 'beginning' });
    const events: TestEvent[] = [];
    const correlationId = randomUUID();
    for (let n = 0; n < 24; n++)
      events.push(
        await insertEvent(at.api, {
          type: n % 3 ? 'thing.changed' : 'thing.painted',
          aggregate: `a${n % 7}`,
          organizationId: n % 2 ? 'acme' : null,
          ...(n % 4 === 0 && { correlationId }),
          ...(n % 5 === 0 && { actor: { type: 'user', id: 'actor-1' } as const }),
        }),
      );
    for (const n of [3, 11, 18]) at.sink.outcomes.set(events[n]!.id, dead);
    at.sink.outcomes.set(events[5]!.id, refused());
    await at.runRelayOnce();
    const filters = fc.record(
      {
        event_id: fc.constantFrom(...events.map(({ id }) => id)),
        event_ids: fc.subarray(events.map(({ id }) => id)),
        event_type: fc.constantFrom('thing.changed', 'thing.painted', 'none.such'),
        aggregate_id: fc.constantFrom('a1', 'a4'),
        organization_id: fc.constantFrom('acme', 'globex'),
        correlation_id: fc.constantFrom(correlationId, randomUUID()),
        status: fc.constantFrom('failed', 'published'),
        error: fc.constantFrom('FULL', 'nothing'),
        actor_id: fc.constantFrom('actor-1', 'actor-2'),
        from: fc.constant(never),
        to: fc.constant(never),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(filters, async (filter) => {
        const id = await at.replay(filter, { dry_run: true });
        const shown = await matchedBy(filter as ReplayFilter);
        await at.runRelayOnce();
        const { answer } = await at.answer(id);
        expect(shown).toEqual({ matched: answer!['matched'], dead_letters: answer!['dead_letters'] });
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('counts by type, and says which events the sink gets for the first time', async () => {
    await at.reset({ types: ['thing.changed'], from: 'beginning' });
    const { correlationId } = await insertEvent(at.api);
    await insertEvent(at.api, { type: 'thing.painted', correlationId });
    await at.runRelayOnce();
    await at.worker.query(
      `insert into outbox.outbox_sink_type (sink, event_type, since_position, since_snapshot, confirmed, worker)
       select $1, 'thing.painted', position, pg_current_snapshot(), true, 'spec' from outbox.outbox_log order by position desc limit 1`,
      [at.sink.name],
    );
    expect((await preview({ correlation_id: correlationId })).event_types).toEqual([
      { event_type: 'thing.changed', matched: 1, dead_letters: 0, first_deliveries: 0 },
      { event_type: 'thing.painted', matched: 1, dead_letters: 0, first_deliveries: 1 },
    ]);
  });

  it('counts the events of one organization for its admins', async () => {
    const mine = await insertEvent(at.api, { organizationId: 'preview' });
    const theirs = await insertEvent(at.api, { organizationId: 'other' });
    await at.runRelayOnce();
    const filter = { event_ids: [mine.id, theirs.id] };
    expect((await preview(filter)).event_types).toMatchObject([{ matched: 2 }]);
    expect((await preview(filter, 'preview')).event_types).toMatchObject([{ matched: 1 }]);
  });

  it('returns nothing for a sink that has received no event, and shows that a sink is paused', async () => {
    await at.worker.query(`update outbox.outbox_sink set state = 'paused' where name = $1`, [at.sink.name]);
    expect(await preview({ from: never })).toEqual({ sink: at.sink.name, state: 'paused', event_types: [], is_capped: false });
  });

  it('stops at 10,000 events, and reads only the newest 100,000 of the log', async () => {
    await at.reset({ from: 'beginning' });
    await at.queryAsOwner(
      `insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, occurred_at, size, payload)
       select gen_random_uuid(), case when n <= 5 then 'thing.old' when n <= ${MAX_COUNTED + 6} then 'thing.many' else 'thing.other' end,
         1, 'thing', n::text, now(), 2, '{}' from generate_series(1, ${MAX_SCANNED + 5}) s(n) order by s.n`,
    );
    await at.queryAsOwner(
      `insert into outbox.outbox_progress (sink, number, position, snapshot, worker)
       select '${at.sink.name}', 1, max(position), pg_current_snapshot(), 'spec' from outbox.outbox_log`,
    );
    expect(await preview({ event_type: 'thing.many' })).toMatchObject({
      event_types: [{ event_type: 'thing.many', matched: MAX_COUNTED }],
      is_capped: true,
    });
    expect(await preview({ event_type: 'thing.old' })).toMatchObject({ event_types: [], is_capped: true });
    expect(await preview({ status: 'failed' })).toMatchObject({ event_types: [], is_capped: false });
    expect(await preview({ event_type: 'thing.old', from: '2020-01-01T00:00:00Z', to: '2020-01-02T00:00:00Z' })).toMatchObject({
      is_capped: false,
    });
  });
});
