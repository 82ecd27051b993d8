// npm run stripe:event -- --organization acme --status active: sends a signed test event of Stripe to the running system.
import { withClient } from './explain/viewer.ts';
import { parseInteger } from './start/parse.ts';
import { parseCommandLine, runScript, UsageError } from './start/command-line.ts';
import { PlainError } from './start/plain-error.ts';
import { runningOrExit } from './start/running.file.ts';
import { changedSubscription, completedCheckout, signedEvent } from './stripe-event/signed-event.ts';

const USAGE = `npm run stripe:event -- [--organization acme] [--status active] [--quantity 1] [--price price_test]

Links the organization to a test customer of Stripe, if it has none, and sends the state of its test subscription to the webhook of
the running development system, with a valid signature. Statuses: trialing, active, past_due, unpaid, paused, incomplete, canceled.`;

// Index: organizations_organization_slug. Locks: none.
const FIND = 'select id, stripe_customer_id as customer from organizations_organization where slug = $1 and deleted_at is null';

await runScript(USAGE, async (args) => {
  const text = { type: 'string' } as const;
  const { values } = parseCommandLine({ args, options: { organization: text, status: text, quantity: text, price: text } });
  const { organization: slug = 'acme', status = 'active', price = 'price_test' } = values;
  const quantity = parseInteger(values.quantity ?? '1');
  if (quantity === undefined) throw new UsageError('--quantity must be an integer in decimal digits.');
  const { databaseUrls, ports } = runningOrExit();
  const { id, customer } = await findOrganization(databaseUrls.owner, slug);
  const now = Math.floor(Date.now() / 1_000);
  const send = async ({ type, object }: { type: string; object: object }): Promise<void> => {
    const { payload, headers } = signedEvent(type, object, now);
    const url = `http://127.0.0.1:${ports.api}/api/v1/billing/webhook`;
    const response = await fetch(url, { method: 'POST', headers, body: payload });
    const answer = await response.text();
    if (!response.ok) throw new PlainError(`${type}: status ${response.status}: ${answer}`);
    console.log(`${type}: ${answer} (correlation id ${response.headers.get('x-correlation-id')})`);
  };
  if (customer === null) await send(completedCheckout(slug, id));
  await send(changedSubscription(slug, { status, price, quantity }, now, customer ?? undefined));
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
