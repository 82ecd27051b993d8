import { randomUUID } from 'node:crypto';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { EventLogFixture } from '../../../../test/support/outbox/event-log.fixture.js';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import { EventsByRequest } from './events-by-request.js';
import { FIND_EVENTS_BY_REQUEST, MAX_EVENTS_PER_REQUEST } from './events-by-request.sql.js';

const scope = { organization: 'o1' };

const fixture = useFixture(new EventLogFixture());

const find = (...args: Parameters<EventsByRequest['find']>) => fixture.app.get(EventsByRequest).find(...args);
const change = (correlationId: string, aggregate: string) => ({
  correlation_id: correlationId,
  aggregate_type: 'thing',
  aggregate_id: aggregate,
});

it('finds the events of each object that a request changed, oldest first and once, within the scope', async () => {
  const [one, other] = [randomUUID(), randomUUID()];
  const request = { organizationId: 'o1', correlationId: one };
  const first = await insertEvent(fixture.owner, { ...request, aggregate: 'a' });
  const second = await insertEvent(fixture.owner, { ...request, aggregate: 'a' });
  await insertEvent(fixture.owner, { ...request, aggregate: 'b' }); // not asked for
  const foreign = await insertEvent(fixture.owner, { ...request, aggregate: 'a', organizationId: 'o2' });
  const third = await insertEvent(fixture.owner, { organizationId: 'o1', correlationId: other, aggregate: 'b' });
  const changes = [change(one, 'a'), change(one, 'a'), change(other, 'b'), change(other, 'a'), change(randomUUID(), 'a')];
  const found = await find(changes, scope);
  expect(found.map(({ event_id: id }) => id)).toEqual([first.id, second.id, third.id]);
  expect(found[0]).toEqual({
    event_id: first.id,
    event_type: 'thing.changed',
    aggregate_type: 'thing',
    aggregate_id: 'a',
    correlation_id: one,
    occurred_at: expect.any(Date),
    status: 'pending',
  });
  const all = await find(changes, { operator: true });
  expect(all.map(({ event_id: id }) => id)).toEqual([first.id, second.id, foreign.id, third.id]);
  expect(await find([], scope)).toEqual([]);
});

it('examines the newest 1,000 events of a request, by the index on the correlation id', async () => {
  const correlationId = randomUUID();
  const oldest = await insertEvent(fixture.owner, { organizationId: 'o1', correlationId, aggregate: 'old' });
  await fixture.owner.query(
    `insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id,
       correlation_id, occurred_at, size, payload)
     select gen_random_uuid(), 'thing.changed', 1, 'thing', n::text, 'o1', $1, now(), 2, '{}' from generate_series(1, $2::int) n`,
    [correlationId, MAX_EVENTS_PER_REQUEST],
  );
  expect(await find([change(correlationId, oldest.aggregate)], scope)).toEqual([]);
  expect(await find([change(correlationId, '1')], scope)).toHaveLength(1);
  await fixture.owner.query(
    `insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id,
       correlation_id, occurred_at, size, payload)
     select gen_random_uuid(), 'thing.changed', 1, 'thing', n::text, 'o1', gen_random_uuid(), now(), 2, '{}' from generate_series(1, 20000) n`,
  );
  await fixture.owner.query('analyze outbox.outbox_log');
  const values = [[correlationId], ['thing'], ['1'], 'o1'];
  const plan = await fixture.owner.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${FIND_EVENTS_BY_REQUEST}`, values);
  const text = plan.rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(text).toMatch(/Index Scan using outbox_log_\d+_correlation_id_idx/); // the other slots are empty
});
