// npm run stripe:event -- --organization acme --status active: sends a signed test event of Stripe to the running system.
import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import { withClient } from './explain/viewer.ts';
import { parseInteger } from './start/parse.ts';
import { parseCommandLine, runScript, UsageError } from './start/command-line.ts';
import { PlainError } from './start/plain-error.ts';
import { runningOrExit } from './start/running.file.ts';

const USAGE = `npm run stripe:event -- [--organization acme] [--status active] [--quantity 1] [--price price_test]

Links the organization to a test customer of Stripe, if it has none, and sends the state of its test subscription to the webhook of
the running development system, with a valid signature. Statuses: trialing, active, past_due, unpaid, paused, incomplete, canceled.`;

const SECRET = process.env['STRIPE_WEBHOOK_SECRETS']?.split(',')[0]?.trim() || 'whsec_development';
// Index: organizations_organization_slug. Locks: none.
const FIND = 'select id, stripe_customer_id as customer from organizations_organization where slug = $1 and deleted_at is null';
const PERIOD_S = 30 * 86_400;

await runScript(USAGE, async (args) => {
  const text = { type: 'string' } as const;
  const { values } = parseCommandLine({ args, options: { organization: text, status: text, quantity: text, price: text } });
  const { organization: slug = 'acme', status = 'active', price = 'price_test' } = values;
  const quantity = parseInteger(values.quantity ?? '1');
  if (quantity === undefined) throw new UsageError('--quantity must be an integer in decimal digits.');
  const { databaseUrls, ports } = runningOrExit();
  const { id, customer } = await findOrganization(databaseUrls.owner, slug);
  const send = async (type: string, object: object): Promise<void> => {
    const created = Math.floor(Date.now() / 1_000);
    const payload = JSON.stringify({
      id: `evt_${randomUUID()}`,
      object: 'event',
      type,
      created,
      livemode: false,
      data: { object },
    });
    const response = await fetch(`http://127.0.0.1:${ports.api}/api/v1/billing/webhook`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret: SECRET }),
      },
      body: payload,
    });
    const answer = await response.text();
    if (!response.ok) throw new PlainError(`${type}: status ${response.status}: ${answer}`);
    console.log(`${type}: ${answer} (correlation id ${response.headers.get('x-correlation-id')})`);
  };
  const ours = customer ?? `cus_test_${slug}`;
  if (customer === null)
    await send('checkout.session.completed', {
      object: 'checkout.session',
      client_reference_id: id,
      customer: ours,
      subscription: null,
    });
  const start = Math.floor(Date.now() / 1_000);
  await send(`customer.subscription.${status === 'canceled' ? 'deleted' : 'updated'}`, {
    id: `sub_test_${slug}`,
    object: 'subscription',
    customer: ours,
    status,
    cancel_at_period_end: false,
    items: { data: [{ price: { id: price }, quantity, current_period_start: start, current_period_end: start + PERIOD_S }] },
  });
  return 0;
});

interface Found {
  readonly id: string;
  readonly customer: string | null;
}

async function findOrganization(url: string, slug: string): Promise<Found> {
  const { rows } = await withClient(url, 'pikaia-stripe-event', (client) => client.query<Found>(FIND, [slug]));
  if (!rows[0]) throw new PlainError(`No organization has the slug ${slug}.`);
  return rows[0];
}
