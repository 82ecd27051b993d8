import { eventMetrics } from '@pikaia/events/metrics';
import type pg from 'pg';
import { connect } from '../support/database/database.js';
import { EventBusStub, type Fault } from '../support/aws/event-bus.stub.js';
import { insertEvent } from '../support/outbox/events.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const SINK = 'eventbridge';
const EVENTS = 4;

interface SinkView {
  readonly name: string;
  readonly backlog: number;
  readonly failing_since: string | null;
  readonly last_error: string | null;
  readonly failed: number;
}

/** The log, the metrics and GET /admin/outbox show an operator every failure of the bus. */
describe('a failing event bus', () => {
  let stub: EventBusStub;
  let system: System;
  let client: pg.Client;

  beforeAll(async () => {
    stub = await EventBusStub.start();
    system = await System.start({
      environment: {
        EVENT_SINKS: SINK,
        EVENT_BUS_NAME: 'pikaia',
        AWS_ENDPOINT_URL: stub.url,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'GOOD',
        AWS_SECRET_ACCESS_KEY: 'secret',
        EVENT_BUS_TIMEOUT_MS: '2000', // a busy machine needs more than half a second for the first call
        EVENT_BUS_CHECK_INTERVAL_MS: '200',
        OUTBOX_LEADER_TIMEOUT_MS: '1000',
        OUTBOX_LEADERLESS_ALARM_MS: '1000', // the worker checks and measures four times in this interval
        METRIC_INTERVAL_MS: '100',
      },
    });
    client = await connect(system.database.apiUrl);
  });
  afterAll(async () => {
    await client.end();
    await system.stop();
    await stub.stop();
  });

  afterEach(() => {
    stub.fault = stub.validKeys = undefined; // also after a failed test
  });

  async function sink(): Promise<SinkView> {
    const { body } = await system.request('GET', '/admin/outbox', { as: 'olga@example.com' });
    return (body['sinks'] as SinkView[]).find(({ name }) => name === SINK)!;
  }

  const linesSince = (start: number) => system.worker.lines.slice(start);

  const always = (fault: Fault) => ({
    begin: () => void (stub.fault = ({ action }) => (action === 'PutEvents' ? fault : undefined)),
    end: () => void (stub.fault = undefined),
  });

  /**
   * Waits until the worker notices the missing bus. Before that, the stub accepts every event, as AWS does, and the events
   * count as delivered until they are sent again.
   */
  async function loseBus(): Promise<void> {
    const start = system.worker.lines.length;
    stub.deleteBus('pikaia');
    await waitFor('the worker reports the missing bus', () =>
      linesSince(start).some(({ event }) => event === 'sink_destination_missing'),
    );
  }

  it.each([
    ['throttles', /Throttling/, always({ fail: { status: 400, code: 'ThrottlingException' } })],
    [
      'accepts half of each batch',
      /InternalFailure/,
      always({ rejectEntry: (_, index) => (index % 2 ? undefined : 'InternalFailure') }),
    ],
    ['returns an invalid response', /./, always({ forge: () => '<html>bad gateway</html>' })],
    ['accepts every event but never responds', /./, always({ silent: 'after' })],
    [
      'rejects the credentials',
      /./,
      { begin: () => void (stub.validKeys = new Set(['OTHER'])), end: () => void (stub.validKeys = undefined) },
    ],
    ['does not exist', /./, { begin: loseBus, end: () => stub.createBus('pikaia') }],
  ])(
    'that %s is reported by log, metrics and status, and after its recovery every event arrives',
    async (_, reason, { begin, end }) => {
      const start = system.worker.lines.length;
      await begin();
      const ids: string[] = [];
      for (let count = 0; count < EVENTS; count++) ids.push((await insertEvent(client)).id);
      await waitFor('the sink is failing', async () => {
        const view = await sink();
        return view.failing_since !== null && view.backlog > 0 && reason.test(view.last_error ?? '');
      });
      await waitFor('the metrics show the failure', () =>
        linesSince(start).some((line) => line['sink'] === SINK && Number(line[eventMetrics.backlog.name]) > 0),
      );
      expect(linesSince(start)).toContainEqual(
        expect.objectContaining({ event: 'sink_failing', level: 'WARNING', sink: SINK, reason: expect.stringMatching(reason) }),
      );

      end();
      await waitFor('all events have arrived', () => {
        const arrived = new Set(stub.details.map(({ event_id }) => event_id));
        return ids.every((id) => arrived.has(id));
      });
      await waitFor('no event is stuck', async () => {
        const view = await sink();
        return view.failing_since === null && view.backlog === 0 && view.failed === 0;
      });
      await waitFor('the log shows the recovery', () =>
        linesSince(start).some(({ event, sink: of }) => event === 'sink_recovered' && of === SINK),
      );
      const back = system.worker.lines.length;
      await waitFor('the metrics show the recovery', () =>
        linesSince(back).some((line) => line['sink'] === SINK && line[eventMetrics.backlog.name] === 0),
      );
    },
  );

  it('that permanently rejects an event makes it a dead letter, which is counted', async () => {
    const start = system.worker.lines.length;
    stub.fault = () => ({ rejectEntry: () => 'MalformedDetail' });
    await insertEvent(client);
    await waitFor('the event is a dead letter', async () => (await sink()).failed === 1);
    stub.fault = undefined;
    await waitFor('the metrics show the failure', () => linesSince(start).some((line) => line[eventMetrics.failed.name] === 1));
    expect(linesSince(start)).toContainEqual(
      expect.objectContaining({ event: 'event_failed', level: 'ERROR', sink: SINK, 'error.message': expect.stringMatching(/./) }),
    );
  });
});
