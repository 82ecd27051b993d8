import { captureLogs } from '@pikaia/logging/testing';
import { startAdminApplication } from '../../../../test/support/outbox/admin.application.js';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { OutboxStatus, type WorkerStatus } from '../admin/outbox.status.js';
import { SinkMonitor } from './sink.monitor.js';
import { WorkerReport, type WorkerDescription } from './worker.report.js';

const WORKER = 'host-1:42';

describe('WorkerReport', () => {
  const at = useFixture(new OutboxFixture());

  const monitorOf = (described: Partial<WorkerDescription> = {}, url = at.database.workerUrl): SinkMonitor =>
    new SinkMonitor({
      url,
      ownSinks: new Set([at.sink.name]),
      leaderlessAlarmMs: 60_000,
      clock: at.clock,
      report: new WorkerReport({ worker: WORKER, sinks: [at.sink.name], ...described }),
    });
  async function workers(): Promise<readonly WorkerStatus[]> {
    const app = await startAdminApplication(at.database.apiUrl, {});
    try {
      return (await app.get(OutboxStatus).get()).workers;
    } finally {
      await app.close();
    }
  }
  const setAge = (reported: string) =>
    at.queryAsOwner(`update outbox.outbox_worker set started_at = started_at - interval '${reported}',
      reported_at = reported_at - interval '${reported}'`);

  afterEach(() => at.queryAsOwner('delete from outbox.outbox_worker'));

  it('shows the worker with its version, sinks and times, and the sinks that it leads', async () => {
    const leader = await at.connectLeader();
    expect(await leader.tryLock()).toBe(true);
    await at.worker.query('update outbox.outbox_sink set leader = $2 where name = $1', [at.sink.name, WORKER]);
    await monitorOf({ version: '7', sinks: [at.sink.name, 'other'] }).runOnce();
    expect(await workers()).toEqual([
      {
        worker: WORKER,
        version: '7',
        started_at: expect.any(Date),
        reported_at: expect.any(Date),
        is_silent: false,
        sinks: [at.sink.name, 'other'],
        leads: [at.sink.name],
      },
    ]);
    await leader.close();
    expect(await workers()).toMatchObject([{ leads: [] }]);
  });

  it('keeps the start of a process, and begins again when another process has the same name', async () => {
    const monitor = monitorOf();
    await monitor.runOnce();
    await setAge('1 hour');
    const [before] = await workers();
    await monitor.runOnce();
    const [after] = await workers();
    expect(after!.started_at).toEqual(before!.started_at);
    expect(after!.reported_at.getTime()).toBeGreaterThan(before!.reported_at.getTime());
    await monitorOf({ version: '8' }).runOnce();
    const [replaced] = await workers();
    expect(replaced!.version).toBe('8');
    expect(replaced!.started_at.getTime()).toBeGreaterThan(after!.started_at.getTime());
  });

  it('shows a worker that has not reported for a minute as silent, after the others', async () => {
    await monitorOf({ worker: 'a:1' }).runOnce();
    await setAge('61 seconds');
    await monitorOf({ worker: 'b:1' }).runOnce();
    expect((await workers()).map(({ worker, is_silent: silent }) => [worker, silent])).toEqual([
      ['b:1', false],
      ['a:1', true],
    ]);
  });

  it('removes the worker that stops, and no other', async () => {
    await monitorOf({ worker: 'other:1' }).runOnce();
    const monitor = monitorOf();
    monitor.start();
    await pollUntil(async () => (await workers()).length === 2);
    await monitor.stop();
    expect((await workers()).map(({ worker }) => worker)).toEqual(['other:1']);
  });

  it('is not sent again by a check that ends after the worker was stopped', async () => {
    const monitor = monitorOf();
    await monitor.runOnce();
    await monitor.stop();
    await monitor.runOnce();
    expect(await workers()).toEqual([]);
  });

  it('opens no connection at the end of a process that never reported', async () => {
    using logs = captureLogs();
    await monitorOf({}, 'postgres://nobody@127.0.0.1:1/nothing').stop();
    logs.none('worker_report_not_removed');
  });

  it('logs that it was not removed if the database refuses it, and the worker stops', async () => {
    const monitor = monitorOf();
    await monitor.runOnce();
    await at.queryAsOwner('revoke delete on outbox.outbox_worker from pikaia_worker');
    using logs = captureLogs();
    await monitor.stop();
    expect(logs.one('worker_report_not_removed')['reason']).toContain('permission denied');
    await at.queryAsOwner('grant delete on outbox.outbox_worker to pikaia_worker');
  });
});
