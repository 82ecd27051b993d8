import { loadSettings } from '@pikaia/core';
import { captureLogs } from '@pikaia/logging/testing';
import { IsString } from 'class-validator';
import { randomUUID } from 'node:crypto';
import { useFixture } from '../../../../../test/support/jest/use-fixture.js';
import { insertEvent, statusOf } from '../../../../../test/support/outbox/events.js';
import { OutboxFixture } from '../../../../../test/support/outbox/outbox.fixture.js';
import { ScriptedSink, refused } from '../../../../../test/support/outbox/scripted-sink.js';
import { DomainEvent } from '../../contract/domain-event.js';
import { Personal } from '../../contract/personal.decorator.js';
import type { SinkEvent } from '../../delivery/sink.js';
import { registerSinks } from '../../log/register-sinks.js';
import { sinkContract } from '../../testing/index.js';
import { LogSinkSettings } from './log.settings.js';
import { LogSink } from './log.sink.js';

@DomainEvent('thing.changed', { version: 2, aggregate: 'thing' })
class ThingChanged {
  @IsString()
  title!: string;

  @IsString()
  token!: string;

  @Personal()
  @IsString()
  owner!: string;
}

const correlationId = randomUUID();
const data: ThingChanged = { title: 'größer', token: 'canary', owner: 'frank@example.com' };
const envelope = {
  event_id: randomUUID(),
  actor: { type: 'user', id: 'u1', email: 'alice@example.com' },
  data,
};
const event: SinkEvent = {
  position: '41',
  eventId: envelope.event_id,
  eventType: 'thing.changed',
  schemaVersion: 2,
  aggregateType: 'thing',
  aggregateId: 'a',
  organizationId: 'o1',
  correlationId,
  occurredAt: new Date('2026-01-17T10:23:45.123Z'),
  payload: JSON.stringify(envelope),
  attempt: 1,
};

describe('LogSink', () => {
  for (const { title, run } of sinkContract(() => ({ sink: new LogSink(), timeLimitMs: 1000 }), []))
    it(title, async () => {
      using _logs = captureLogs();
      await run();
    });

  it('writes one record for an event, with the trace id, user and organization of the request that caused it', async () => {
    using logs = captureLogs();
    await new LogSink().deliver([event]);
    expect(logs.records).toEqual([
      {
        env: 'test',
        timestamp: expect.any(String),
        level: 'INFO',
        logger: 'events',
        event: 'domain_event',
        trace_id: correlationId,
        'usr.id': 'u1',
        'usr.email': 'alice@example.com',
        'organization.id': 'o1',
        'event.id': envelope.event_id,
        event_type: 'thing.changed',
        schema_version: 2,
        aggregate_type: 'thing',
        aggregate_id: 'a',
        occurred_at: '2026-01-17T10:23:45.123Z',
        sequence: '41',
      },
    ]);
  });

  it('adds the data of the event, without secrets and personal data, only if the setting asks for it', async () => {
    const read = (value: string) => loadSettings([LogSinkSettings], { EVENT_LOG_DATA: value })[0].eventLogData;
    expect([read(''), read('true')]).toEqual([false, true]);
    expect(() => read('yes')).toThrow('EVENT_LOG_DATA is "yes": it must be a boolean value');
    using logs = captureLogs();
    const unknown = { ...event, schemaVersion: 3 };
    await new LogSink({ includeData: true }).deliver([event, unknown]);
    expect(logs.of('domain_event').map((line) => line['data'])).toEqual([
      { title: 'größer', token: '[redacted]', owner: '[masked]' },
      { title: '[masked]', token: '[redacted]', owner: '[masked]' }, // no contract of this version
    ]);
  });

  it.each([
    ['is not JSON', '{'],
    ['is null', 'null'],
    ['is a number', '5'],
    ['has an actor of another shape', '{"actor":{"type":"user","id":7},"data":null}'],
    ['has an actor that is text', '{"actor":"alice"}'],
    ['names a program as its actor', '{"actor":{"type":"system","id":"cron"}}'],
  ])('accepts and logs an event whose payload %s', async (_, payload) => {
    using logs = captureLogs();
    const outcomes = await new LogSink({ includeData: true }).deliver([{ ...event, payload, correlationId: null }]);
    expect(outcomes).toEqual([{ kind: 'accepted' }]);
    expect(logs.one('domain_event')).toMatchObject({ trace_id: expect.any(String), 'event.id': envelope.event_id });
    expect(logs.one('domain_event')).not.toHaveProperty(['usr.id']);
  });

  it('names the event that caused an event', async () => {
    using logs = captureLogs();
    const cause = randomUUID();
    const payloads = [cause, undefined, 'no id'].map((causation_id) => JSON.stringify({ ...envelope, causation_id }));
    await new LogSink().deliver(payloads.map((payload) => ({ ...event, payload })));
    expect(logs.of('domain_event').map((line) => line['causation_id'])).toEqual([cause, undefined, undefined]);
  });

  it('says that an event was replayed', async () => {
    using logs = captureLogs();
    await new LogSink().deliver([{ ...event, replayed: 'r1' }]);
    expect(logs.one('domain_event')).toMatchObject({ replayed: 'r1' });
  });

  describe('in a relay', () => {
    const at = useFixture(new OutboxFixture());

    it('prints no event that was published before it was registered, and each later one once', async () => {
      const sink = new LogSink();
      await insertEvent(at.api);
      await registerSinks(at.database.workerUrl, [sink], 'spec');
      await at.worker.query(`update outbox.outbox_sink set state = 'active' where name = 'log'`);
      const later = [await insertEvent(at.api), await insertEvent(at.api)];
      using logs = captureLogs();
      await at.runRelayOnce({ sink });
      await at.runRelayOnce({ sink });
      expect(logs.of('domain_event').map((line) => line['event.id'])).toEqual(later.map(({ id }) => id));
    });

    it('changes no status of an event, whether it has received the event or not', async () => {
      const sink = new LogSink();
      await registerSinks(at.database.workerUrl, [sink], 'spec');
      await at.worker.query(`update outbox.outbox_sink set state = 'active' where name = 'log'`);
      const [first, second] = [await insertEvent(at.api, { aggregate: 'x' }), await insertEvent(at.api, { aggregate: 'x' })];
      at.sink.outcomes.set(first.id, refused('no', true));
      using _logs = captureLogs();
      await at.runRelayOnce({ sink });
      expect(await at.statuses([first, second])).toEqual(['pending', 'pending']);
      await at.runRelayOnce();
      expect(await at.statuses([first, second])).toEqual(['retrying', 'waiting']);
      at.sink.outcomes.clear();
      at.clock.advance(60_000);
      await at.runRelayOnce();
      expect(await at.statuses([first, second])).toEqual(['published', 'published']);
      const third = await insertEvent(at.api);
      await at.runRelayOnce();
      const { rows } = await at.api.query<{ behind: boolean }>(
        `select p.position < l.position as behind from outbox.outbox_log l, lateral (
           select position from outbox.outbox_progress where sink = 'log' order by number desc limit 1) p where l.event_id = $1`,
        [third.id],
      );
      expect([rows[0]!.behind, (await statusOf(at.api, third.id)).status]).toEqual([true, 'published']);
    });
  });

  it('leaves an event pending if it is the only sink', async () => {
    const alone = new OutboxFixture();
    await alone.open();
    try {
      await registerSinks(alone.database.workerUrl, [new LogSink()], 'spec');
      const { id } = await insertEvent(alone.api);
      using _logs = captureLogs();
      await alone.runRelayOnce({ sink: new LogSink() });
      expect((await statusOf(alone.api, id)).status).toBe('pending');
      const watcher = new ScriptedSink('watcher', { observer: true });
      await registerSinks(alone.database.workerUrl, [watcher], 'spec');
      watcher.outcomes.set(id, refused('no', true));
      await alone.runRelayOnce({ sink: watcher });
      expect(await statusOf(alone.api, id)).toMatchObject({ status: 'pending', attempts: 0, last_error: null });
    } finally {
      await alone.close();
    }
  });
});
