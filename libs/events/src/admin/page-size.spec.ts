import { randomUUID } from 'node:crypto';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { startAdminApplication } from '../../../../test/support/outbox/admin.application.js';
import { EventLogFixture } from '../../../../test/support/outbox/event-log.fixture.js';
import type { CommandPlace } from './command.view.js';
import { EventLog } from './event-log.js';
import { OutboxOperations } from './outbox.operations.js';

const events = useFixture(new EventLogFixture(['first', 'second']));

async function plant({ organization, note = '' }: { organization: string; note?: string }): Promise<string> {
  const id = randomUUID();
  await events.owner.query(
    `insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id,
       correlation_id, occurred_at, size, payload)
     values ($1, 'member.invited', 1, 'member', 'm1', $2, $1, clock_timestamp(), octet_length($3::text), $3::json)`,
    [id, organization, JSON.stringify({ event_id: id, actor: null, data: { note } })],
  );
  return id;
}

const plantFailed = (eventId: string): Promise<unknown> =>
  events.owner.query(
    `insert into outbox.outbox_delivery (sink, event_id, position, status, attempts, last_error, event_type, schema_version,
       aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload)
     select 'first', event_id, position, 'failed', 2, 'refused', event_type, schema_version,
       aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, payload
     from outbox.outbox_log where event_id = $1`,
    [eventId],
  );

describe('large events', () => {
  const KIB = 1024;
  const note = (bytes: number): string => 'x'.repeat(bytes);

  it('find leaves out a payload of more than 16 KiB and gives its size, get returns it up to 1 MiB', async () => {
    const scope = { organization: 'org-large' };
    const small = await plant({ ...scope, note: note(15 * KIB) });
    const large = await plant({ ...scope, note: note(17 * KIB) });
    const huge = await plant({ ...scope, note: note(1100 * KIB) });
    await plantFailed(large);
    const { data } = await events.log.find({ scope, limit: 3 });
    expect(data.map(({ event_id, payload, shortened }) => [event_id, payload === null, shortened?.bytes])).toEqual([
      [huge, true, expect.closeTo(1100 * KIB, -3)],
      [large, true, expect.closeTo(17 * KIB, -3)],
      [small, false, undefined],
    ]);
    expect((await events.log.find({ scope, limit: 1, filter: { status: 'failed' } })).data).toMatchObject([{ event_id: large, payload: null }]); // prettier-ignore
    expect(await events.log.get(large, scope)).toMatchObject({ payload: { data: { note: note(17 * KIB) } }, shortened: null });
    expect(await events.log.get(huge, scope)).toMatchObject({ payload: null, shortened: data[0]!.shortened });
  });

  it('a page ends at 1 MiB, and the pages return each event once', async () => {
    const scope = { organization: 'org-full-pages' };
    const ids: string[] = [];
    for (let n = 0; n < 100; n++) ids.push(await plant({ ...scope, note: note(15 * KIB) }));
    const first = await events.log.find({ scope, limit: 100 });
    expect(first.next_cursor).not.toBeNull();
    expect(first.data.length).toBeGreaterThan(50);
    expect(Buffer.byteLength(JSON.stringify(first.data))).toBeLessThan(KIB * KIB);
    const second = await events.log.find({ scope, limit: 100, cursor: first.next_cursor! });
    expect([...first.data, ...second.data].map(({ event_id }) => event_id)).toEqual(ids.toReversed());
    expect(second.next_cursor).toBeNull();
  });

  it('attempts and receipts are cut per event and at 1 MiB, and say so', async () => {
    const scope = { organization: 'org-receipts' };
    const [busy, quiet] = [await plant(scope), await plant(scope)];
    const insert = async (id: string, count: number, bytes: number, at: string) => {
      await events.owner.query(
        `insert into outbox.outbox_attempt (sink, event_id, attempted_at, error)
         select 's', $1, $3::timestamptz + n * interval '1 second', repeat('x', $4) from generate_series(1, $2::int) n`,
        [id, count, at, bytes],
      );
      await events.owner.query(
        `insert into outbox.consumer_receipt (consumer, event_id, replay, state, done_at, result)
         select 'c', $1, gen_random_uuid(), 'done', $3::timestamptz + n * interval '1 second', to_jsonb(repeat('x', $4))
         from generate_series(1, $2::int) n`,
        [id, count, at, bytes],
      );
    };
    await insert(busy, 600, 1, '2026-01-01');
    await insert(quiet, 1, 17 * KIB, '2026-01-02');
    const { failed_attempts, receipts: listed } = await events.log.findWithHistory({ scope, limit: 2 });
    for (const { data, truncated } of [failed_attempts, listed]) {
      const count = (id: string): number => data.filter(({ event_id }) => event_id === id).length;
      expect([count(busy), count(quiet), truncated]).toEqual([200, 1, true]);
      expect(data.at(-1)!.event_id).toBe(quiet); // the newest is last
    }
    expect(listed.data.at(-1)).toMatchObject({ result: null, shortened: { bytes: 17 * KIB + 2 } });
    const { receipts, truncated } = (await events.log.get(quiet, scope))!;
    expect([receipts[0]!.result, truncated]).toEqual([note(17 * KIB), []]);
    expect((await events.log.get(busy, scope))!.truncated).toEqual(['failed_attempts', 'receipts']);
    const many = await plant(scope);
    await insert(many, 150, 15 * KIB, '2026-01-03');
    const full = await events.log.findWithHistory({ scope, limit: 1, filter: { event_id: many } });
    for (const page of [full.failed_attempts, full.receipts]) {
      expect(Buffer.byteLength(JSON.stringify(page.data))).toBeLessThan(KIB * KIB);
      expect(page.truncated).toBe(true);
      expect(page.data.length).toBeGreaterThan(50);
    }
  });
});

describe('pages of commands', () => {
  it('return each command of the scope once, newest first, with all its sinks', async () => {
    const operations = events.app.get(OutboxOperations);
    const ids = Array.from({ length: 5 }, () => randomUUID());
    for (const id of ids) {
      await events.owner.query(
        `insert into outbox.outbox_command (id, sink, command, arguments, organization_id, asked_by)
         select $1, sink, 'replay', jsonb_build_object('note', repeat('x', 400000)), 'org-commands', 'spec' from unnest(array['first', 'second']) as s(sink)`,
        [id],
      );
    }
    for (const limit of [1, 2, 10]) {
      const found: string[] = [];
      for (let before: CommandPlace | undefined; ;) {
        const { data, next } = await operations.list(limit, { organizationId: 'org-commands', before });
        found.push(...data.map(({ id }) => id));
        for (const { sinks, asked_at } of data) {
          expect(sinks.map(({ sink }) => sink)).toEqual(['first', 'second']);
          expect(asked_at).toBeInstanceOf(Date);
        }
        if (next === null) break;
        before = next;
      }
      expect(found).toEqual(ids.toReversed());
    }
    expect((await operations.list(10, { organizationId: 'org-commands' })).data).toHaveLength(1); // each has 800 kB
    expect((await operations.list(10, { organizationId: 'org-none' })).data).toEqual([]);
  });
});

it('OutboxAdminModule provides no EventLog without a cursor key', async () => {
  const without = await startAdminApplication(events.database.apiUrl, {});
  expect(without.get(OutboxOperations)).toBeDefined();
  expect(() => without.get(EventLog)).toThrow();
  await without.close();
});
