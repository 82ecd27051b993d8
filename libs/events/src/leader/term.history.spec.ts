import { captureLogs } from '@pikaia/logging/testing';
import { flushMetrics } from '@pikaia/logging';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { insertEvent } from '../../../../test/support/outbox/events.js';
import { ManualClock } from '../../../../test/support/outbox/scripted-sink.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { measureSinks } from '../worker/sink.metrics.js';
import { STABLE_AFTER_MS, TermHistory } from './term.history.js';

describe('TermHistory', () => {
  let clock: ManualClock;
  let history: TermHistory;

  beforeEach(() => {
    clock = new ManualClock();
    history = new TermHistory('spec', clock);
  });

  const term = (lastsMs: number, error = 'no'): void => {
    history.recordStart();
    clock.advance(lastsMs);
    history.recordFailure(error);
  };

  it('reports three short terms in a row with the first time and the last error', () => {
    using logs = captureLogs();
    const since = clock.now();
    term(0, 'first');
    term(5_000);
    expect(history.failure).toBeNull();
    term(5_000, 'last');
    expect(history.failure).toEqual({ since, forMs: expect.any(Number), terms: 3, error: 'last' });
    expect(history.failure!.forMs).toBeGreaterThanOrEqual(10_000);
    term(0, 'later');
    expect(history.failure).toMatchObject({ since, terms: 4, error: 'later' });
    logs.one('leader_failing', { level: 'ERROR', sink: 'spec', terms: 3, reason: 'last' });
  });

  it('does not report stable terms', () => {
    for (let i = 0; i < 10; i++) term(STABLE_AFTER_MS);
    expect(history.failure).toBeNull();
  });

  it('does not report two short terms around a stable one, as database restarts cause', () => {
    for (const lasts of [STABLE_AFTER_MS, 1_000, 1_000, STABLE_AFTER_MS, 1_000, 1_000]) term(lasts);
    expect(history.failure).toBeNull();
  });

  it('keeps reporting until the next term is stable', () => {
    for (let i = 0; i < 3; i++) term(0);
    history.recordStart();
    clock.advance(STABLE_AFTER_MS - 1_000);
    expect(history.failure).not.toBeNull();
    clock.advance(1_000);
    expect(history.failure).toBeNull();
    history.recordFailure('no');
    expect(history.failure).toBeNull();
  });

  it('stops reporting if no term began for that time, because another worker leads', () => {
    for (let i = 0; i < 3; i++) term(0);
    clock.advance(STABLE_AFTER_MS);
    expect(history.failure).toBeNull();
    term(0);
    expect(history.failure).toBeNull();
  });
});

describe('a leader that starts and fails in a loop', () => {
  const at = useFixture(new OutboxFixture());

  beforeAll(async () => {
    await at.queryAsOwner(`create function outbox.fail_planted() returns trigger language plpgsql as
      $$ begin raise exception 'planted' using errcode = tg_argv[0]; end $$`);
  });
  afterEach(async () => {
    for (const table of ['outbox_progress', 'outbox_sink']) await heal(table);
  });

  const plant = (table: string, event: string, sqlState: string): Promise<void> =>
    at.queryAsOwner(
      `create trigger planted before ${event} on outbox.${table} for each row execute function outbox.fail_planted('${sqlState}')`,
    );
  const heal = (table: string): Promise<void> => at.queryAsOwner(`drop trigger if exists planted on outbox.${table}`);

  const shown = async (): Promise<Readonly<Record<string, unknown>>> => {
    const { rows } = await at.api.query<Record<string, unknown>>(
      'select leader_failing_since, leader_error, leader from outbox.outbox_sink where name = $1',
      [at.sink.name],
    );
    return rows[0]!;
  };

  async function measured(): Promise<unknown[]> {
    flushMetrics(); // discard the metrics of other tests
    using logs = captureLogs();
    await measureSinks(at.worker);
    flushMetrics();
    return logs.records.flatMap((line) => (line['sink'] === at.sink.name ? (line['outbox.leader_failing'] ?? []) : []));
  }

  it('is shown in health, table and metric, waits with growing delays, and is cleared by a stable term', async () => {
    using logs = captureLogs();
    await plant('outbox_progress', 'insert', '23514');
    const event = await insertEvent(at.api);
    const relay = at.createRelay({ pollIntervalMs: 20, random: () => 0.02 }); // 0 ms, 20 ms, 40 ms, 80 ms, …
    relay.start();
    try {
      await pollUntil(() => relay.health().leaderFailure);
      expect(relay.health()).toMatchObject({ progress: 'failing', leaderFailure: { error: expect.stringContaining('23514') } });
      await pollUntil(async () => (await shown())['leader_failing_since']);
      expect(await shown()).toMatchObject({ leader: 'spec', leader_error: expect.stringContaining('23514') });
      expect(await measured()).toEqual([1]);
      await pollUntil(() => relay.health().leaderFailure!.terms >= 7);
      const lines = logs.records.filter((line) => line['sink'] === at.sink.name);
      const lost = lines.filter(({ event: name }) => name === 'leader_lost').map((line) => Date.parse(String(line['timestamp'])));
      expect(lost.at(-1)! - lost.at(-2)!).toBeGreaterThanOrEqual(300); // 0.02 × 1 s × 2⁴
      logs.one('leader_failing', { sink: at.sink.name });

      await heal('outbox_progress');
      await pollUntil(() => relay.health().state === 'leading' && relay.health().term);
      expect(relay.health().progress).toBe('failing');
      await pollUntil(async () => (await at.statuses([event]))[0] === 'published');
      at.clock.advance(STABLE_AFTER_MS);
      await pollUntil(async () => (await shown())['leader_failing_since'] === null);
      expect(relay.health()).toMatchObject({ progress: 'advancing', leaderFailure: null });
      expect(await measured()).toEqual([0]);
      logs.one('leader_recovered', { sink: at.sink.name });
    } finally {
      await relay.stop();
    }
  });

  it('is reported if its terms fail while they begin', async () => {
    const relay = at.createRelay();
    await plant('outbox_sink', 'update', '23514');
    try {
      for (let i = 0; i < 3; i++) await expect(relay.runOnce()).rejects.toMatchObject({ code: '23514' });
    } finally {
      await heal('outbox_sink');
    }
    expect(relay.health()).toMatchObject({ state: 'stopped', leaderFailure: { terms: 3 } });
    await relay.runOnce();
    expect(await shown()).toMatchObject({ leader_error: expect.stringContaining('23514') });
  });

  it('is not reported during a failover, while the old primary grants the lock and refuses writes', async () => {
    const relay = at.createRelay();
    await plant('outbox_sink', 'update', '25006');
    try {
      for (let i = 0; i < 10; i++) await expect(relay.runOnce()).rejects.toMatchObject({ code: '25006' });
    } finally {
      await heal('outbox_sink');
    }
    expect(relay.health().leaderFailure).toBeNull();
  });

  it('is not reported if the server ends the connection of the leader once', async () => {
    using logs = captureLogs();
    const relay = at.createRelay({ pollIntervalMs: 20, random: () => 0.02 });
    const acquired = () =>
      logs.records.filter((line) => line.event === 'leader_acquired' && line['sink'] === at.sink.name).length;
    relay.start();
    try {
      await pollUntil(() => acquired() === 1);
      await at.queryAsOwner(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pikaia-relay ${at.sink.name}'`,
      );
      await pollUntil(() => acquired() === 2);
      expect(relay.health()).toMatchObject({ progress: 'advancing', leaderFailure: null });
      expect((await shown())['leader_failing_since']).toBeNull();
    } finally {
      await relay.stop();
    }
  });
});
