import { randomUUID } from 'node:crypto';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { EventLogFixture } from '../../../../test/support/outbox/event-log.fixture.js';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import { MAX_CAUSED } from './event-log.sql.js';

const scope = { organization: 'o1' };
const operator = { operator: true } as const;

const events = useFixture(new EventLogFixture());

describe('EventLog.get', () => {
  it('returns the event that caused an event and those that it caused, oldest first, within the scope', async () => {
    const request = { organizationId: 'o1', correlationId: randomUUID() };
    const cause = await insertEvent(events.owner, { ...request, type: 'order.placed' });
    const caused = { ...request, causationId: cause.id };
    const first = await insertEvent(events.owner, { ...caused, aggregate: 'b' });
    const foreign = await insertEvent(events.owner, { ...caused, organizationId: 'o2' });
    const second = await insertEvent(events.owner, caused);
    await insertEvent(events.owner, request);
    const related = { aggregate_type: 'thing', occurred_at: expect.any(Date), status: 'pending' };
    const shownCause = { ...related, event_id: cause.id, event_type: 'order.placed', aggregate_id: 'a' };
    expect(await events.log.get(cause.id, scope)).toMatchObject({
      causation_id: null,
      cause: null,
      caused: [
        { ...related, event_id: first.id, event_type: 'thing.changed', aggregate_id: 'b' },
        { ...related, event_id: second.id, event_type: 'thing.changed', aggregate_id: 'a' },
      ],
    });
    expect(await events.log.get(first.id, scope)).toMatchObject({ causation_id: cause.id, cause: shownCause, caused: [] });
    expect(await events.log.get(foreign.id, { organization: 'o2' })).toMatchObject({ causation_id: cause.id, cause: null });
    expect((await events.log.get(foreign.id, operator))!.cause).toEqual(shownCause);
    expect((await events.log.get(cause.id, operator))!.caused).toHaveLength(3);
  });

  it('returns the first 200 events that an event caused, and says that there are more', async () => {
    const cause = await insertEvent(events.owner);
    const caused = { correlationId: cause.correlationId, causationId: cause.id };
    for (let n = 0; n <= MAX_CAUSED; n++) await insertEvent(events.owner, { ...caused, aggregate: String(n) });
    const found = (await events.log.get(cause.id, operator))!;
    expect([found.caused.length, found.caused.at(-1)!.aggregate_id]).toEqual([MAX_CAUSED, String(MAX_CAUSED - 1)]);
    expect(found.truncated).toEqual(['caused']);
  });
});

it('EventLog.get names the first unsettled event of the same aggregate, behind which an event waits at a sink', async () => {
  const aggregate = randomUUID();
  const [head, second, third] = [
    await insertEvent(events.owner, { aggregate }),
    await insertEvent(events.owner, { aggregate }),
    await insertEvent(events.owner, { aggregate }),
  ];
  for (const [{ id }, status] of [
    [head, 'failed'],
    [second, 'waiting'],
    [third, 'waiting'],
    [await insertEvent(events.owner), 'failed'], // of another aggregate
  ] as const)
    await events.owner.query(
      `insert into outbox.outbox_delivery (sink, event_id, position, status, event_type, schema_version, aggregate_type, aggregate_id,
         occurred_at, payload)
       select 'first', event_id, position, $2, event_type, schema_version, aggregate_type, aggregate_id, occurred_at, payload
       from outbox.outbox_log where event_id = $1`,
      [id, status],
    );
  const headOf = async ({ id }: { readonly id: string }) => (await events.log.get(id, operator))!.deliveries[0]!.waits_behind;
  expect([await headOf(head), await headOf(second), await headOf(third)]).toEqual([null, head.id, head.id]);
  await events.owner.query(`update outbox.outbox_delivery set status = 'published' where event_id = $1`, [head.id]);
  expect([await headOf(second), await headOf(third)]).toEqual([null, second.id]);
});

it('EventLog.find returns the cause of an event, also after its row of the log is gone', async () => {
  const cause = randomUUID();
  const { id } = await insertEvent(events.owner, { organizationId: 'o3', causationId: cause });
  const filter = { event_id: id };
  expect((await events.log.find({ scope: operator, limit: 1, filter })).data).toMatchObject([{ causation_id: cause }]);
  await events.owner.query(
    `insert into outbox.outbox_delivery (sink, event_id, position, status, event_type, schema_version, aggregate_type, aggregate_id,
       organization_id, correlation_id, occurred_at, payload)
     select 'first', event_id, position, 'failed', event_type, schema_version, aggregate_type, aggregate_id, organization_id,
       correlation_id, occurred_at, payload from outbox.outbox_log where event_id = $1`,
    [id],
  );
  const failed = { scope: { organization: 'o3' }, limit: 1, filter: { status: 'failed' } } as const;
  expect((await events.log.find(failed)).data).toMatchObject([{ causation_id: cause, recorded_at: expect.any(Date) }]);
  await events.owner.query('delete from outbox.outbox_log where event_id = $1', [id]);
  expect((await events.log.find(failed)).data).toMatchObject([{ causation_id: cause, recorded_at: null }]);
});
