import { captureLogs } from '@pikaia/logging/testing';
import { randomUUID } from 'node:crypto';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { insertEvent, type TestEvent } from '../../../../test/support/outbox/events.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { accepted, type Outcome } from '../delivery/sink.js';
import { causeOf } from '../commands/command.failures.js';
import { SinkMonitor } from '../worker/sink.monitor.js';

const replayOf = (filter: unknown, options: object = {}) => ({ filter, dry_run: false, limit: null, rate: null, ...options });

describe('a command that cannot be executed', () => {
  const at = useFixture(new OutboxFixture());

  beforeAll(async () => {
    await at.queryAsOwner('alter table outbox.outbox_command drop constraint outbox_command_command_check'); // for commands of a newer version
  });

  /** Makes the statement fail with this SQLSTATE while `work` runs. */
  async function whileReplaysFailWith(state: string, work: () => Promise<void>): Promise<void> {
    await at.queryAsOwner(`
      create function outbox.fail_planted() returns trigger language plpgsql as
        $$ begin raise exception 'planted' using errcode = '${state}'; end $$;
      create trigger planted before insert on outbox.outbox_replay execute function outbox.fail_planted()`);
    try {
      await work();
    } finally {
      await at.queryAsOwner('drop function outbox.fail_planted() cascade');
    }
  }

  it.each<[string, string, unknown, 'failed' | 'refused', RegExp]>([
    ['dry_run is null', 'replay', replayOf({}, { dry_run: null }), 'refused', /dry_run must be/],
    ['a condition is null', 'replay', replayOf({ event_type: null }), 'refused', /filter\.event_type must be a text/],
    ['the events are not a list', 'replay', replayOf({ event_ids: 'x' }), 'refused', /filter\.event_ids must be a list/],
    ['an event is null', 'replay', replayOf({ event_ids: [null] }), 'refused', /filter\.event_ids must be a list/],
    ['an event of several is not a UUID', 'replay', replayOf({ event_ids: ['x'] }), 'failed', /22P02/],
    ['a condition is unknown', 'replay', replayOf({ tier: 'gold' }), 'refused', /does not know filter\.tier/],
    ['a condition is called as a member of every object', 'replay', replayOf({ toString: 'x' }), 'refused', /filter\.toString/],
    ['the status is unknown', 'replay', replayOf({ status: 'lost' }), 'refused', /filter\.status/],
    ['the filter is a list', 'replay', replayOf([]), 'refused', /filter must be/],
    ['there is no filter', 'replay', {}, 'refused', /filter must be/],
    ['an argument is unknown', 'replay', replayOf({}, { order: 'desc' }), 'refused', /argument order/],
    ['the rate is 0', 'replay', replayOf({}, { rate: 0 }), 'refused', /rate must be/],
    ['the limit is negative', 'replay', replayOf({}, { limit: -1 }), 'refused', /limit must be/],
    ['the arguments are null', 'replay', null, 'refused', /must be a JSON object/],
    ['the arguments are a list', 'pause', [], 'refused', /must be a JSON object/],
    ['the arguments are a text', 'skip', 'x', 'refused', /must be a JSON object/],
    ['the command is unknown', 'defragment', {}, 'refused', /does not know the command defragment/],
    ['the command is called as a member of every object', 'constructor', {}, 'refused', /does not know the command/],
    ['the event to skip is missing', 'skip', {}, 'refused', /event_id must be/],
    ['pause has an argument of a newer version', 'pause', { until: 'noon' }, 'refused', /argument until/],
    ['the event to skip is not a UUID', 'skip', { event_id: 'x' }, 'failed', /22P02/],
    ['the event to replay is not a UUID', 'replay', replayOf({ event_id: 'x' }), 'failed', /22P02/],
    ['the rate exceeds its column', 'replay', replayOf({}, { rate: 2 ** 40 }), 'failed', /22003/],
    ['a moment cannot be read, which the first read finds', 'replay', replayOf({ from: 'tomorrowish' }), 'failed', /22007/],
    ['the same in a dry run', 'replay', replayOf({ to: '9999999999-01-01' }, { dry_run: true }), 'failed', /2200[78]/],
  ])('is answered with the reason, and the leader continues: %s', async (_, command, values, outcome, reason) => {
    const [bad, good] = [await at.sendCommand(command, values as object), await at.replay({ event_type: 'none.such' })];
    const event = await insertEvent(at.api);
    await at.runRelayOnce();
    expect((await at.answer(bad)).answer).toMatchObject({ outcome, reason: expect.stringMatching(reason) });
    expect((await at.answer(good)).answer).toMatchObject({ outcome: 'done', matched: 0 });
    expect(await at.statuses([event])).toEqual(['published']);
    await at.runRelayOnce(); // the failed command has no effect
  });

  it('fails and rolls back its writes if the database refuses them', async () => {
    using logs = captureLogs();
    await whileReplaysFailWith('23502', async () => {
      const bad = await at.replay({});
      const event = await insertEvent(at.api);
      await at.runRelayOnce();
      expect((await at.answer(bad)).answer).toEqual({ outcome: 'failed', reason: expect.stringContaining('23502') });
      expect(await at.statuses([event])).toEqual(['published']);
      const { rowCount } = await at.api.query('select from outbox.outbox_replay where id = $1', [bad]);
      expect(rowCount).toBe(0);
    });
    logs.one('outbox_command_failed', { sink: at.sink.name, command: 'replay', reason: /23502/ });
  });

  it('reports the progress of a replay that fails midway, and the next replay runs', async () => {
    const events: TestEvent[] = [];
    for (let i = 0; i < 101; i++) events.push(await insertEvent(at.api, { aggregate: `a${i}` }));
    await at.runRelayOnce();
    at.sink.outcomes.set(events[100]!.id, () => new Promise<Outcome>(() => undefined)); // the second batch of 100 stays open
    const bad = await at.replay({ event_type: events[0]!.type });
    const relay = at.createRelay({ pollIntervalMs: 20 });
    relay.start();
    await pollUntil(() => at.sink.ids.filter((id) => id === events[100]!.id).length === 2);
    await relay.stop(0);
    at.sink.outcomes.clear();
    await at.queryAsOwner(`update outbox.outbox_replay set filter = '{"from": "tomorrowish"}' where id = '${bad}'`);
    const good = await at.replay({ event_id: events[0]!.id });
    await at.runRelayOnce();
    expect((await at.answer(bad)).answer).toMatchObject({
      outcome: 'failed',
      matched: 100,
      sent: 100,
      reason: expect.stringContaining('22007'),
    });
    expect((await at.answer(good)).answer).toMatchObject({ outcome: 'done', sent: 1 });
  });

  it.each(['57P01', '08006', '53100', '25006', '40001'])(
    'stays open and is executed by the next leader if the database fails with %s',
    async (state) => {
      const id = await at.replay({ event_type: 'none.such' });
      await whileReplaysFailWith(state, async () => {
        for (let i = 0; i < 12; i++) await expect(at.createRelay().runOnce()).rejects.toMatchObject({ code: state });
        expect((await at.answer(id)).done_at).toBeNull();
      });
      await at.runRelayOnce();
      expect((await at.answer(id)).answer).toMatchObject({ outcome: 'done' });
    },
  );

  it('stays open if the connection of the leader ends, and the next leader executes it', async () => {
    const event = await insertEvent(at.api);
    await at.runRelayOnce();
    let answer: (outcome: Outcome) => void = () => undefined;
    at.sink.outcomes.set(event.id, () => new Promise<Outcome>((resolve) => (answer = resolve)));
    const id = await at.replay({ event_id: event.id });
    const relay = at.createRelay({ pollIntervalMs: 20 });
    relay.start();
    await pollUntil(() => at.sink.ids.length === 2);
    await at.queryAsOwner(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pikaia-relay ${at.sink.name}'`,
    );
    answer(accepted);
    at.sink.outcomes.clear();
    await pollUntil(() => at.sink.ids.length === 3);
    await pollUntil(async () => (await at.answer(id)).done_at);
    await relay.stop();
    expect((await at.answer(id)).answer).toMatchObject({ outcome: 'done', sent: 1 });
  });

  it('fails after 10 attempts in a row if the cause may be the command or the server', async () => {
    const id = await at.replay({});
    const event = await insertEvent(at.api);
    await whileReplaysFailWith('57014', async () => {
      const relay = at.createRelay();
      for (let i = 0; i < 9; i++) await expect(relay.runOnce()).rejects.toMatchObject({ code: '57014' });
      expect((await at.answer(id)).done_at).toBeNull();
      expect(await relay.runOnce()).toBe(true);
    });
    expect((await at.answer(id)).answer).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('10 times') });
    expect(await at.statuses([event])).toEqual(['published']);
  });

  it('a failing retirement of a sink without a leader does not affect the others', async () => {
    const [bad, good] = ['bad', 'good'].map((name) => `${name}-${randomUUID()}`);
    const ids = [randomUUID(), randomUUID()];
    await at.worker.query('insert into outbox.outbox_sink (name) values ($1), ($2)', [bad, good]);
    for (const [index, sink] of [bad, good].entries())
      await at.api.query(`insert into outbox.outbox_command (id, sink, command, asked_by) values ($1, $2, 'retire', 'olga')`, [
        ids[index],
        sink,
      ]);
    await at.queryAsOwner(
      `alter table outbox.outbox_sink add constraint planted check (name <> '${bad}' or state <> 'retired') not valid`,
    );
    const { url, ownSinks } = { url: at.database.workerUrl, ownSinks: new Set<string>() };
    await new SinkMonitor({ url, ownSinks, leaderlessAlarmMs: 60_000, clock: at.clock }).runOnce();
    await at.queryAsOwner('alter table outbox.outbox_sink drop constraint planted');
    expect((await at.answer(ids[0]!)).answer).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('23514') });
    expect((await at.answer(ids[1]!)).answer).toEqual({ outcome: 'done' });
  });
});

describe('the cause of a failure', () => {
  const databaseError = (code: string) => Object.assign(new Error('planted'), { code, severity: 'ERROR' });

  it.each([
    ['command', databaseError('22P02')],
    ['command', databaseError('XX000')],
    ['command', new TypeError('x is not iterable')],
    ['database', databaseError('57P03')],
    ['database', databaseError('53300')],
    ['unclear', databaseError('53200')],
    ['unclear', new Error('Connection terminated unexpectedly')],
    ['unclear', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })],
    ['unclear', undefined],
  ] as const)('is %s for %s', (cause, error) => {
    expect(causeOf(error)).toBe(cause);
  });
});
