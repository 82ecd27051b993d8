import type { Highlights } from './week.file.ts';
import type { WeekPlayer } from './week.player.ts';
import { deleteAtProvider, link, subscribe } from './providers.ts';

const ALICE = 'alice@example.com'; // an admin of acme
const CAROL = 'carol@example.com'; // a member of acme
const GINA = 'gina@example.com'; // an admin of globex
const OLGA = 'olga@example.com'; // an operator
const [HENRY, INES, JONAS, KIRA, LIAM, MONA] = ['henry', 'ines', 'jonas', 'kira', 'liam', 'mona'].map(addressOf) as Names;
const [NORA, PAUL, ROSA] = ['nora', 'paul', 'rosa'].map(addressOf) as Names;

type Names = [string, string, string, string, string, string];

/** The hour before the story begins, in which the organizations and their first people are added. */
export const BEGINNING = { daysAgo: 6, time: '08:30' } as const;

/**
 * A week of two organizations, acme and globex: day, time and person of each thing that happened. Every step is a request to the api.
 * The first day begins less than seven days ago, so no event is too old, and the last one ends before now.
 */
export async function playStory(week: WeekPlayer): Promise<Highlights> {
  // Six days ago: the first invitations.
  await week.at(6, '09:04');
  await week.request(GINA, 'POST members/invitations', 201, { email: PAUL, name: 'Paul Park', role: 'member' });
  await week.at(6, '09:12');
  await week.request(ALICE, 'POST members/invitations', 201, { email: HENRY, name: 'Henry Hall', role: 'member' });
  await week.at(6, '09:31');
  await week.accept(HENRY);
  await week.at(6, '10:05'); // of five people, one is a member already, and one has no valid address
  const bulk = await week.request(ALICE, 'POST members/invitations/bulk', 200, {
    invitations: [
      { email: INES, name: 'Ines Ito', role: 'admin' },
      { email: JONAS, name: 'Jonas Jung', role: 'member' },
      { email: KIRA, role: 'member' },
      { email: CAROL, role: 'member' },
      { email: 'liam at example.com', role: 'member' },
    ],
  });
  const [, jonas, kira] = (bulk.body['data'] as { invitation?: { id: string } }[]).map(({ invitation }) => invitation);
  await week.at(6, '10:40');
  await week.accept(INES);
  await week.at(6, '14:00');
  await link(week, 'acme');
  await subscribe(week, 'acme', { status: 'active', price: 'price_team', quantity: 5 });

  // Five days ago: an old link is refused, and an organization gets a new name.
  await week.at(5, '08:55');
  await week.accept(PAUL);
  await week.at(5, '09:10');
  await week.request(GINA, 'PATCH organization', 200, { name: 'Globex International' });
  await week.at(5, '10:00');
  const oldToken = week.invitation(JONAS);
  await week.request(ALICE, `POST members/invitations/${jonas!.id}/resend`, 200);
  await week.at(5, '10:20');
  await week.accept(JONAS, 410, oldToken);
  await week.at(5, '10:21');
  await week.accept(JONAS);
  await week.at(5, '15:30');
  await link(week, 'globex');
  await subscribe(week, 'globex', { status: 'active', price: 'price_team', quantity: 2 });

  // Four days ago: Carol becomes an admin.
  const carol = await memberId(week, CAROL);
  await week.at(4, '09:00');
  await week.request(ALICE, `PATCH members/${carol}`, 200, { role: 'admin' });
  await week.at(4, '11:15');
  await week.request(HENRY, 'PATCH me', 200, { name: 'Henry Hall-Ito' });
  await week.at(4, '13:40');
  await week.request(CAROL, `DELETE members/invitations/${kira!.id}`, 204);
  await week.at(4, '16:00');
  await subscribe(week, 'acme', { status: 'active', price: 'price_team', quantity: 8 });

  // Three days ago: acme registers a webhook endpoint. An email is late for seconds, another for 25 minutes.
  await week.at(3, '09:30');
  const { body: endpoint } = await week.request(ALICE, 'POST webhooks/endpoints', 201, {
    url: week.receiver.url,
    description: 'HR system',
    event_types: ['member.role_changed', 'member.removed'],
  });
  await week.at(3, '10:00');
  week.breakMail();
  const late = await week.request(ALICE, 'POST members/invitations', 201, { email: LIAM, name: 'Liam Lee', role: 'member' });
  await week.retry(late.correlationId, 2);
  week.repairMail();
  await week.retry(late.correlationId);
  await week.at(3, '14:10');
  await week.command(OLGA, 'POST admin/outbox/sinks/local/welcome-email/pause');
  await week.at(3, '14:15');
  await week.request(GINA, 'POST members/invitations', 201, { email: ROSA, name: 'Rosa Ruiz', role: 'member' });
  await week.at(3, '14:40');
  await week.command(OLGA, 'POST admin/outbox/sinks/local/welcome-email/resume');

  // Two days ago: Alice takes Carol's admin role back. Six minutes later Carol tries to invite somebody.
  await week.at(2, '09:20');
  const roleChange = await week.request(ALICE, `PATCH members/${carol}`, 200, { role: 'member' });
  await week.webhooksSettled();
  await week.at(2, '09:26');
  const refused = await week.request(CAROL, 'POST members/invitations', 403, { email: MONA, name: 'Mona Moss', role: 'member' });
  await week.at(2, '11:00');
  await deleteAtProvider(week, await memberId(week, PAUL));
  await week.at(2, '15:00');
  await subscribe(week, 'globex', { status: 'canceled', price: 'price_team', quantity: 2 });
  await week.at(2, '16:05');
  await week.request(ALICE, 'POST members/invitations', 409, { email: HENRY, role: 'member' });

  // Yesterday: a webhook does not arrive, and an email is never sent. The receiver of acme asks for an hour. Alice disables the endpoint
  // before, so the delivery fails when it is due.
  await week.at(1, '09:05');
  week.receiver.isDown = true;
  const removal = await week.request(ALICE, `DELETE members/${jonas!.id}`, 204);
  await week.webhooksSettled(removal.correlationId);
  await week.at(1, '09:40');
  await week.request(ALICE, `PATCH webhooks/endpoints/${String(endpoint['id'])}`, 200, { status: 'disabled' });
  await week.at(1, '10:50');
  await week.request(ALICE, 'POST members/invitations', 422, { email: 'mona at example.com', role: 'member' });
  await week.at(1, '11:00');
  week.breakMail();
  const failed = await week.request(ALICE, 'POST members/invitations', 201, { email: MONA, name: 'Mona Moss', role: 'member' });
  await week.retry(failed.correlationId);
  await week.webhooksSettled(); // the webhook about Jonas has been due since 10:05
  await week.at(1, '12:30');
  week.repairMail();
  await week.at(1, '14:00'); // Olga rebuilds what the dashboard shows
  const filter = { event_type: 'subscription.updated', status: 'published' };
  await week.command(OLGA, 'POST admin/events/replay', { filter, sink: 'local/billing-dashboard', dry_run: true });
  await week.command(OLGA, 'POST admin/events/replay', { filter, sink: 'local/billing-dashboard', dry_run: false });

  // Today.
  await week.minutesAgo(50);
  await week.request(INES, 'GET members', 200);
  await week.minutesAgo(40);
  await week.request(INES, 'PATCH me', 200, { name: 'Ines Ito-Hall' });
  await week.minutesAgo(33); // the overview draws the last hour
  await subscribe(week, 'acme', { status: 'active', price: 'price_team', quantity: 9 });
  await week.minutesAgo(26);
  week.breakMail();
  const newest = await week.request(ALICE, 'POST members/invitations', 201, { email: NORA, name: 'Nora Nash', role: 'member' });
  await week.retry(newest.correlationId, 3);
  week.repairMail();
  await week.retry(newest.correlationId);
  await week.minutesAgo(18);
  await week.accept(NORA);
  await week.minutesAgo(11);
  await week.request(NORA, 'PATCH me', 200, { name: 'Nora Nash-Novak' });

  return {
    refused: refused.correlationId,
    roleChange: roleChange.correlationId,
    failedDelivery: failed.correlationId,
    failedWebhook: removal.correlationId,
  };
}

function addressOf(name: string): string {
  return `${name}@example.com`;
}

/** Index: organizations_user_email_key, organizations_member_user. Locks: none. */
const MEMBER = `
  select m.id from organizations_member m join organizations_user u on u.id = m.user_id
  where u.email_key = $1 and m.status = 'active'`;

const memberId = async (week: WeekPlayer, email: string): Promise<string> =>
  (await week.find<{ id: string }>(MEMBER, [email])).id;
