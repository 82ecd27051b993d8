import { verifyWebhook, WebhookReceiver } from '../support/http/webhook.receiver.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';

let system: System;
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await new WebhookReceiver().listen();
  system = await System.start();
});
afterAll(async () => {
  await system.stop();
  await receiver.stop();
});

async function register(path: string, types = ['*']): Promise<{ id: string; secret: string }> {
  const body = { url: `${receiver.url}${path}`, event_types: types };
  const { status, body: endpoint } = await system.request('POST', '/webhooks/endpoints', { as: ALICE, body });
  expect(status).toBe(201);
  return endpoint as { id: string; secret: string };
}

const invite = (email: string, headers = {}) =>
  system.request('POST', '/members/invitations', { as: ALICE, body: { email, role: 'member' }, headers });

describe('a webhook', () => {
  it('arrives once, with a signature that the library of the customer verifies', async () => {
    const { id, secret } = await register('/invitations', ['member.invited']);
    const invited = await invite('wanda@example.com');
    const received = await waitFor('the webhook', () => receiver.at('/invitations')[0]);
    expect(verifyWebhook(received, secret)).toMatchObject({ type: 'member.invited', object: { id: invited.body['id'] } });
    expect(received.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'Pikaia-Webhooks' });
    const delivered = await waitFor('the result', async () => {
      const { body } = await system.request('GET', `/webhooks/endpoints/${id}/deliveries?status=delivered`, { as: ALICE });
      return (body['data'] as Record<string, unknown>[])[0];
    });
    expect(delivered).toMatchObject({ event_id: received.id, attempt_count: 1, response_status: 200, error_code: null });
    const details = await system.request('GET', `/webhooks/deliveries/${String(delivered['id'])}`, { as: ALICE });
    expect(details.body['payload']).toBe(received.body);
    expect(details.body['attempts']).toEqual([expect.objectContaining({ number: 1, response_status: 200, response_body: 'ok' })]);
    expect(receiver.at('/invitations')).toHaveLength(1);
  });
});
