// npm run identity-notice -- --organization acme --member dora@example.com: sends the running development system a webhook of the
// identity provider.
import { randomUUID } from 'node:crypto';
import { withClient } from './explain/viewer.ts';
import { parseCommandLine, runScript, UsageError } from './start/command-line.ts';
import { PlainError } from './start/plain-error.ts';
import { runningOrExit } from './start/running.file.ts';

const USAGE = `npm run identity-notice -- --organization acme --member dora@example.com [--role admin] [--delete]
npm run identity-notice -- --organization acme --name "Acme Corporation"
npm run identity-notice -- --organization acme --delete

Sends the running development system a signed webhook of Stytch, as if the member or the organization had been added, changed or
deleted there, and prints the response. --organization is a slug.`;

// Index: organizations_organization_slug, organizations_user_email_key, organizations_member_user. Locks: none.
const FIND = `
  select o.provider_id as organization, o.name, (
    select m.provider_id from organizations_member m join organizations_user u on u.id = m.user_id
    where m.organization_id = o.id and u.email_key = lower($2) and m.provider_id is not null order by m.id desc limit 1) as member
  from organizations_organization o where o.slug = $1`;

await runScript(USAGE, async (args) => {
  const options = {
    organization: { type: 'string' },
    member: { type: 'string' },
    role: { type: 'string', default: 'member' },
    name: { type: 'string' },
    delete: { type: 'boolean' },
  } as const;
  const { organization: slug, member: email, role, name, delete: isDeleted } = parseCommandLine({ args, options }).values;
  if (!slug || !(email ?? name ?? isDeleted)) throw new UsageError('Give the slug of an organization, and what changed there.');
  const { databaseUrls, ports } = runningOrExit();
  const found = await find(databaseUrls.owner, slug, email);
  const { memberNotice, organizationNotice, svixHeaders } = await import('../apps/api/dist/identity/development-notice.js');
  const member = email !== undefined && {
    id: found.member ?? `member-test-${randomUUID()}`,
    organization: found.organization,
    email,
    name: name ?? '',
    roles: role === 'admin' ? ['stytch_member', 'stytch_admin'] : ['stytch_member'],
  };
  const action = isDeleted ? 'DELETE' : member && !found.member ? 'CREATE' : 'UPDATE';
  const notice = member
    ? memberNotice(member, { action })
    : organizationNotice(found.organization, name ?? found.name, { action });
  const body = JSON.stringify(notice);
  const response = await fetch(`http://127.0.0.1:${ports.api}/api/v1/identity/webhook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...svixHeaders(body) },
    body,
  });
  console.log(`${response.status} ${await response.text()}`);
  return response.ok ? 0 : 1;
});

interface Found {
  readonly organization: string;
  readonly name: string;
  readonly member: string | null;
}

async function find(url: string, slug: string, email = ''): Promise<Found> {
  const { rows } = await withClient(url, 'pikaia-identity-notice', (client) => client.query<Found>(FIND, [slug, email]));
  if (!rows[0]) throw new PlainError(`No organization has the slug ${slug}.`);
  return rows[0];
}
