import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { ServiceProcess } from '../support/system/service.process.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com'; // an admin of acme
const OLGA = 'olga@example.com'; // an operator
const SINK = 'local/role-log';
const CONSUMER = pathToFileURL(resolve(__dirname, '../support/system/role-log-consumer.mjs')).href;

/** The api publishes version 2 of member.role_changed. The old code of the worker handles only version 1. */
describe('version 2 of an event that is published while workers of version 1 run', () => {
  let system: System;
  let member: string;
  let role = 'member';

  beforeAll(async () => {
    system = await System.start({ worker: false, environment: { OUTBOX_POLL_INTERVAL_MS: '200', METRIC_INTERVAL_MS: '100' } });
    const body = { email: 'vera@example.com', role };
    member = String((await system.request('POST', '/members/invitations', { as: ALICE, body })).body['id']);
  });
  afterAll(() => system.stop());

  const startWorker = (versions: '1' | '1,2'): Promise<ServiceProcess> =>
    system.startWorker({ NODE_OPTIONS: `--import ${CONSUMER}`, ROLE_LOG_VERSIONS: versions });

  /** Changes the role of the member. @returns the id of the event. */
  async function changeRole(): Promise<string> {
    role = role === 'member' ? 'admin' : 'member';
    const { status, headers } = await system.request('PATCH', `/members/${member}`, { as: ALICE, body: { role } });
    expect(status).toBe(200);
    const [event] = await system.query<{ event_id: string; schema_version: number }>(
      'select event_id, schema_version from outbox.outbox_log where correlation_id = $1',
      [headers.get('x-correlation-id')],
    );
    expect(event!.schema_version).toBe(2);
    return event!.event_id;
  }

  async function statusAt(event: string): Promise<string | undefined> {
    const { body } = await system.request('GET', `/admin/events/${event}`, { as: OLGA });
    return (body['deliveries'] as { sink: string; status: string }[]).find(({ sink }) => sink === SINK)?.status;
  }

  async function sink(): Promise<Readonly<Record<string, unknown>>> {
    const { body } = await system.request('GET', '/admin/outbox', { as: OLGA });
    return (body['sinks'] as Record<string, unknown>[]).find(({ name }) => name === SINK)!;
  }

  async function outboxStatus(): Promise<string> {
    const reach = ['--url', `http://127.0.0.1:${system.api.port}`, '--token', await system.token(OLGA)];
    const script = resolve(__dirname, '../../scripts/outbox.ts');
    return (await promisify(execFile)(process.execPath, [script, 'status', ...reach])).stdout;
  }

  const seenBy = (worker: ServiceProcess) => worker.linesOf('role_change_seen').map((line) => line['seen_event']);
  const waitForStatus = (event: string, status: string) =>
    waitFor(`the event is ${status}`, async () => (await statusAt(event)) === status);

  it('waits, is shown, and is handled in order by a new worker that runs beside the old one; after a rollback it waits again', async () => {
    const old = await startWorker('1');
    expect(old.linesOf('consumer_versions_unhandled')).toMatchObject([
      { level: 'WARNING', consumer: 'role-log', event_type: 'member.role_changed', versions: [2] },
    ]);
    const [first, second] = [await changeRole(), await changeRole()];
    await waitForStatus(first, 'retrying');
    await waitForStatus(second, 'waiting');
    const unhandled = [{ event_type: 'member.role_changed', schema_version: 2, count: 1, oldest_event_id: first }];
    expect(await sink()).toMatchObject({ unhandled, retrying: 1, waiting: 1, failed: 0 });
    expect(await outboxStatus()).toContain(`${SINK}: 1 of member.role_changed version 2 waits for a worker that handles it`);
    await waitFor('the metric counts the event', () =>
      old.lines.some((line) => line['sink'] === SINK && line['outbox.unhandled'] === 1),
    );

    const newer = await startWorker('1,2');
    expect(await statusAt(first)).toBe('retrying'); // the old worker still leads
    await old.stop();
    await waitForStatus(second, 'published');
    expect(seenBy(newer)).toEqual([first, second]);
    expect(await sink()).toMatchObject({ unhandled: [], retrying: 0, waiting: 0 });

    const rolledBack = await startWorker('1');
    await newer.stop();
    const third = await changeRole();
    await waitForStatus(third, 'retrying');
    const again = await startWorker('1,2');
    await rolledBack.stop();
    await waitForStatus(third, 'published');
    expect([seenBy(old), seenBy(rolledBack), seenBy(again)]).toEqual([[], [], [third]]);
  });
});
