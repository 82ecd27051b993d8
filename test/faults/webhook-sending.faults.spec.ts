import { SecretCipher } from '@pikaia/webhooks';
import { newEndpointSecret } from '@pikaia/webhooks';
import { captureLogs, type CapturedLogs } from '@pikaia/logging/testing';
import type { ServerResponse } from 'node:http';
import { verifyWebhook } from '../support/http/webhook.receiver.js';
import { useFixture } from '../support/jest/use-fixture.js';
import { WebhookFixture, type TestDelivery } from '../support/system/webhook.fixture.js';
import { pollUntil, waitFor } from '../support/time/wait-for.js';

const isDelivered = ({ status }: TestDelivery) => status === 'delivered';
const status =
  (code: number, headers = {}) =>
  (response: ServerResponse) =>
    response.writeHead(code, headers).end();

describe('the sending loop', () => {
  const fixture = useFixture(new WebhookFixture());
  let logs: CapturedLogs;

  beforeEach(() => {
    logs = captureLogs();
  });
  afterEach(() => logs.restore());

  const linesOf = (event: string) => logs.records.filter((line) => line['event'] === event);

  it('sends each delivery once if two workers run and nothing fails', async () => {
    const endpoints = await Promise.all([1, 2, 3].map(() => fixture.addEndpoint()));
    for (const endpoint of endpoints) await fixture.addDeliveries(endpoint, 200);
    fixture.startLoop();
    fixture.startLoop();
    for (const endpoint of endpoints) {
      await fixture.waitUntilSettled(endpoint);
      const deliveries = await fixture.deliveries(endpoint);
      expect(deliveries.map(({ status: now, attempts, codes }) => [now, attempts, codes])).toEqual(
        deliveries.map(() => ['delivered', 1, [null]]),
      );
      const received = fixture.receiver.at(endpoint.path);
      expect(received.map(({ id }) => id).sort()).toEqual(deliveries.map(({ event_id: id }) => id).sort());
      for (const webhook of received) verifyWebhook(webhook, endpoint.secret);
    }
  });

  it('does not let slow endpoints delay the endpoints of other organizations', async () => {
    const hanging = await Promise.all([1, 2, 3, 4].map(() => fixture.addEndpoint()));
    for (const endpoint of hanging) {
      fixture.receiver.respondWith(endpoint.path, () => undefined);
      await fixture.addDeliveries(endpoint, 1_000);
    }
    const loop = fixture.startLoop({ concurrency: 30 });
    await waitFor('the slow endpoints are attempted', () => hanging.every(({ path }) => fixture.receiver.at(path).length === 5));
    const quick = await fixture.addEndpoint();
    await fixture.addDeliveries(quick, 50);
    loop.wake();
    await fixture.waitUntil(quick, (all) => all.every(isDelivered));
    for (const endpoint of hanging) expect(fixture.receiver.at(endpoint.path)).toHaveLength(5);
  });

  it('attempts at most 20 deliveries of an organization at a time', async () => {
    const organizationId = await fixture.addOrganization();
    const endpoints = await Promise.all(Array.from({ length: 6 }, () => fixture.addEndpoint({ organizationId })));
    for (const endpoint of endpoints) {
      fixture.receiver.respondWith(endpoint.path, () => undefined);
      await fixture.addDeliveries(endpoint, 10);
    }
    const loop = fixture.startLoop();
    const inFlight = () => endpoints.reduce((sum, { path }) => sum + fixture.receiver.at(path).length, 0);
    await pollUntil(inFlight, (count) => count >= 20);
    for (let more = 0; more < 3; more++) {
      loop.wake();
      await fixture.deliveries(endpoints[0]!);
    }
    expect(inFlight()).toBe(20);
  });

  it('retries a failed delivery by the schedule with the same id, and then gives up', async () => {
    const endpoint = await fixture.addEndpoint();
    fixture.receiver.respondWith(endpoint.path, status(500));
    await fixture.addDeliveries(endpoint);
    const loop = fixture.startLoop();
    const delays: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      const [delivery] = await fixture.waitUntil(endpoint, ([only]) => only!.attempts === attempt);
      delays.push(delivery!.due_in);
      await fixture.passDelays(endpoint);
      loop.wake();
    }
    for (const [index, scheduled] of [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000].entries()) {
      expect(delays[index]).toBeLessThanOrEqual(scheduled);
      expect(delays[index]).toBeGreaterThan(scheduled - 5); // some of it has passed
    }
    const [delivery] = await fixture.deliveries(endpoint);
    expect(delivery).toMatchObject({ status: 'failed', codes: Array<string>(8).fill('status') });
    expect(new Set(fixture.receiver.at(endpoint.path).map(({ id }) => id))).toEqual(new Set([delivery!.event_id]));
  });

  it('makes few calls to an endpoint that is down, and sends everything after it works again', async () => {
    const endpoint = await fixture.addEndpoint();
    fixture.receiver.respondWith(endpoint.path, status(503));
    await fixture.addDeliveries(endpoint, 10_000);
    const loop = fixture.startLoop();
    await pollUntil(
      () => fixture.endpointRow(endpoint),
      ({ failures, paused_for: seconds }) => Number(failures) >= 5 && Number(seconds) > 4,
    );
    const calls = fixture.receiver.at(endpoint.path).length;
    expect(calls).toBeLessThanOrEqual(10); // five at a time
    for (let pause = 1; pause <= 3; pause++) {
      await fixture.query(`update webhook_endpoint set paused_until = now() where id = $1`, [endpoint.id]);
      loop.wake();
      await waitFor('one more call', () => fixture.receiver.at(endpoint.path).length === calls + pause);
      await pollUntil(
        () => fixture.endpointRow(endpoint),
        ({ paused_for: seconds }) => Number(seconds) > 4,
      );
    }
    fixture.receiver.respondWith(endpoint.path, status(200));
    await fixture.query(
      `delete from webhook_delivery where id in (select id from webhook_delivery where attempts = 0 limit 9900)`,
    );
    await fixture.passDelays(endpoint);
    loop.wake();
    await fixture.waitUntilSettled(endpoint);
    expect((await fixture.deliveries(endpoint)).every(isDelivered)).toBe(true);
    expect(await fixture.endpointRow(endpoint)).toMatchObject({
      is_failing: false,
      failures: 0,
      paused_for: 0,
      status: 'enabled',
    });
  });

  it('waits as long as a response with status 429 asks for, and pauses the endpoint', async () => {
    const endpoint = await fixture.addEndpoint();
    fixture.receiver.respondWith(endpoint.path, status(429, { 'retry-after': '120' }));
    await fixture.addDeliveries(endpoint, 1);
    fixture.startLoop();
    const [delivery] = await fixture.waitUntil(endpoint, ([only]) => only!.attempts === 1);
    expect(delivery!.due_in).toBeGreaterThan(110);
    expect(Number((await fixture.endpointRow(endpoint))['paused_for'])).toBeGreaterThan(110);
  });

  it.each([
    ['410 at once', 410, 'gone', '0 seconds'],
    ['another failure after five days of failures', 500, 'failing', '5 days'],
  ])('disables an endpoint that responds %s, with an event and an audit entry', async (_, code, reason, failingFor) => {
    const endpoint = await fixture.addEndpoint();
    fixture.receiver.respondWith(endpoint.path, status(code));
    const failing = 'update webhook_endpoint set failing_since = now() - $2::interval, consecutive_failures = $3 where id = $1';
    await fixture.query(failing, [endpoint.id, failingFor, reason === 'gone' ? 0 : 4]);
    await fixture.addDeliveries(endpoint, 1);
    const loop = fixture.startLoop();
    await pollUntil(
      () => fixture.endpointRow(endpoint),
      ({ status: now }) => now === 'disabled',
    );
    expect(await fixture.endpointRow(endpoint)).toMatchObject({ disabled_reason: reason });
    const [event] = await fixture.query<{ payload: { data: object; actor: object; organization_id: string } }>(
      `select payload from outbox.outbox_log where event_type = 'webhook_endpoint.disabled' and aggregate_id = $1`,
      [endpoint.id],
    );
    expect(event!.payload).toMatchObject({
      organization_id: endpoint.organizationId,
      actor: { type: 'system', id: 'webhooks' },
      data: { reason, error_code: 'status', response_status: code },
    });
    const entries = await fixture.query(`select action, actor_id, changed from audit.record where aggregate_id = $1`, [
      endpoint.id,
    ]);
    const changed = ['disabled_at', 'disabled_reason', 'status'];
    expect(entries).toEqual([{ action: 'webhook_endpoint.disabled', actor_id: 'webhooks', changed }]);
    await fixture.passDelays(endpoint);
    loop.wake();
    const [delivery] = await fixture.waitUntil(endpoint, ([only]) => only!.status !== 'pending');
    expect(delivery).toMatchObject({ status: 'failed', attempts: 1 });
  });

  it('does not disable an endpoint that fails for the second time, five days after a failed test', async () => {
    const endpoint = await fixture.addEndpoint();
    fixture.receiver.respondWith(endpoint.path, status(503));
    const failed = `update webhook_endpoint set failing_since = now() - interval '6 days', consecutive_failures = 1 where id = $1`;
    await fixture.query(failed, [endpoint.id]);
    await fixture.addDeliveries(endpoint, 1);
    fixture.startLoop();
    await fixture.waitUntil(endpoint, ([only]) => only!.attempts === 1);
    await fixture.stopLoops(30_000);
    expect(await fixture.endpointRow(endpoint)).toMatchObject({ status: 'enabled', failures: 2 });
  });

  it.each([
    ['responds 410', 410, null],
    ['fails after five days of failures', 500, '6 days'],
  ])('leaves an endpoint as it is if its old URL %s after the URL was changed', async (_, code, failingFor) => {
    const endpoint = await fixture.addEndpoint();
    const { promise, resolve } = Promise.withResolvers<void>();
    fixture.receiver.respondWith(endpoint.path, async (response) => (await promise, response.writeHead(code).end()));
    await fixture.addDeliveries(endpoint, 1);
    fixture.startLoop();
    await waitFor('the attempt', () => fixture.receiver.at(endpoint.path)[0]);
    const change = `update webhook_endpoint set url = url || '/new', failing_since = now() - $2::interval, consecutive_failures = 4
      where id = $1`;
    await fixture.query(change, [endpoint.id, failingFor]);
    resolve();
    await fixture.waitUntil(endpoint, ([only]) => only!.attempts === 1);
    await fixture.stopLoops(30_000);
    expect(await fixture.endpointRow(endpoint)).toMatchObject({
      status: 'enabled',
      is_failing: failingFor !== null,
      failures: 4,
      paused_for: 0,
    });
  });

  it('keeps a delivery whose secret cannot be decrypted, and says what to do', async () => {
    const endpoint = await fixture.addEndpoint();
    await fixture.addDeliveries(endpoint, 1);
    fixture.startLoop({ cipher: new SecretCipher(['another key, of at least 32 characters']) });
    const line = await waitFor('the line', () => linesOf('webhook_blocked')[0]);
    expect(line).toMatchObject({ level: 'ERROR', 'error.code': 'PIKAIA_WEBHOOK_SECRET_UNREADABLE' });
    const [delivery] = await fixture.waitUntil(endpoint, ([only]) => only!.claimed_by === null);
    expect(delivery).toMatchObject({ status: 'pending', attempts: 0 });
    expect(delivery!.due_in).toBeGreaterThan(50);
    expect(fixture.receiver.at(endpoint.path)).toEqual([]);
    await fixture.stopLoops();
    await fixture.passDelays(endpoint);
    fixture.startLoop();
    await fixture.waitUntil(endpoint, (all) => all.every(isDelivered));
  });

  it('signs with every valid secret while a secret is rotated', async () => {
    const endpoint = await fixture.addEndpoint();
    await fixture.query(`update webhook_secret set expires_at = now() + interval '1 hour' where endpoint_id = $1`, [endpoint.id]);
    const rotated = newEndpointSecret();
    await fixture.addSecret(endpoint.id, rotated);
    await fixture.addDeliveries(endpoint, 1);
    fixture.startLoop();
    await fixture.waitUntil(endpoint, (all) => all.every(isDelivered));
    const [webhook] = fixture.receiver.at(endpoint.path);
    for (const secret of [endpoint.secret, rotated]) expect(verifyWebhook(webhook!, secret)).toEqual({ number: 1 });
    expect(String(webhook!.headers['webhook-signature']).split(' ')).toHaveLength(2);
    await fixture.query(`update webhook_secret set expires_at = now() where expires_at is not null`);
    await fixture.addDeliveries(endpoint, 1);
    await waitFor('the second webhook', () => fixture.receiver.at(endpoint.path).length === 2);
    expect(() => verifyWebhook(fixture.receiver.at(endpoint.path)[1]!, endpoint.secret)).toThrow();
  });

  it('sends a delivery again with the same id if a worker dies before it records the result', async () => {
    const endpoint = await fixture.addEndpoint();
    await fixture.addDeliveries(endpoint, 1);
    await fixture.query(`update webhook_delivery set claimed_by = 'a dead worker', claimed_until = now() + interval '1 hour',
      next_attempt_at = now() + interval '1 hour'`);
    fixture.startLoop();
    await fixture.query(`update webhook_delivery set claimed_until = now(), next_attempt_at = now()`); // the claim ends
    const [delivery] = await fixture.waitUntil(endpoint, (all) => all.every(isDelivered));
    expect(fixture.receiver.at(endpoint.path).map(({ id }) => id)).toEqual([delivery!.event_id]);
  });

  it('releases what it did not finish when it stops, so that another worker sends it at once', async () => {
    const endpoint = await fixture.addEndpoint();
    fixture.receiver.respondWith(endpoint.path, () => undefined);
    await fixture.addDeliveries(endpoint, 3);
    fixture.startLoop();
    await waitFor('the attempts', () => fixture.receiver.at(endpoint.path).length === 3);
    await fixture.stopLoops();
    const released = await fixture.deliveries(endpoint);
    expect(released.map(({ status: now, attempts, claimed_by: worker }) => [now, attempts, worker])).toEqual(
      Array(3).fill(['pending', 0, null]),
    );
    expect(Math.max(...released.map(({ due_in: seconds }) => seconds))).toBeLessThanOrEqual(0);
    fixture.receiver.respondWith(endpoint.path, status(204));
    fixture.startLoop();
    await fixture.waitUntil(endpoint, (all) => all.every(isDelivered));
  });

  it('finishes what is in flight when it stops in time', async () => {
    const endpoint = await fixture.addEndpoint();
    const { promise, resolve } = Promise.withResolvers<void>();
    fixture.receiver.respondWith(endpoint.path, async (response) => (await promise, response.end()));
    await fixture.addDeliveries(endpoint, 1);
    fixture.startLoop();
    await waitFor('the attempt', () => fixture.receiver.at(endpoint.path)[0]);
    const stopped = fixture.stopLoops(30_000);
    resolve();
    await stopped;
    expect(await fixture.deliveries(endpoint)).toEqual([expect.objectContaining({ status: 'delivered', attempts: 1 })]);
  });

  it.each([
    ['delivered', 200, 'delivered'],
    ['failed', 500, 'canceled'],
  ])('records an attempt that %s after its endpoint was deleted', async (_, code, expected) => {
    const endpoint = await fixture.addEndpoint();
    const { promise, resolve } = Promise.withResolvers<void>();
    fixture.receiver.respondWith(endpoint.path, async (response) => (await promise, response.writeHead(code).end()));
    await fixture.addDeliveries(endpoint, 1);
    fixture.startLoop();
    await waitFor('the attempt', () => fixture.receiver.at(endpoint.path)[0]);
    await fixture.query('update webhook_endpoint set deleted_at = now() where id = $1', [endpoint.id]);
    await fixture.query(`update webhook_delivery set status = 'canceled', settled_at = now() where endpoint_id = $1`, [
      endpoint.id,
    ]);
    resolve();
    const [delivery] = await fixture.waitUntil(endpoint, ([only]) => only!.attempts === 1);
    expect(delivery).toMatchObject({ status: expected, claimed_by: null });
  });

  it('ends a delivery that resolves to a private address, and connects to nothing', async () => {
    const endpoint = await fixture.addEndpoint({ url: `https://internal.example/` });
    await fixture.addDeliveries(endpoint, 1);
    fixture.startLoop({ post: { resolve: async () => ['10.0.0.1'] } });
    const [delivery] = await fixture.waitUntil(endpoint, ([only]) => only!.attempts === 1);
    expect(delivery!.codes).toEqual(['address-refused']);
    const [attempt] = await fixture.query<{ error: string }>('select error from webhook_attempt where delivery_id = $1', [
      delivery!.id,
    ]);
    expect(attempt!.error).not.toContain('10.0.0.1');
  });
});
