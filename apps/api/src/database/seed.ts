import { newId } from '@pikaia/core';
import { IsolatedClient } from '@pikaia/database';
import { emailKey } from '../members/email-key.js';

const ORGANIZATIONS = [
  { slug: 'acme', name: 'Acme' },
  { slug: 'globex', name: 'Globex' },
] as const;

const MEMBERS = [
  { email: 'alice@example.com', name: 'Alice Adams', organization: 'acme', role: 'admin' },
  { email: 'carol@example.com', name: 'Carol Clark', organization: 'acme', role: 'member' },
  { email: 'gina@example.com', name: 'Gina Grant', organization: 'globex', role: 'admin' },
] as const;

const OPERATORS = [
  { email: 'olga@example.com', name: 'Olga Olsen', role: 'operator' },
  { email: 'vera@example.com', name: 'Vera Vance', role: 'viewer' },
] as const;

/** Adds missing demo data and leaves existing rows unchanged. `url` is the connection string of the owner. */
export async function seed(url: string): Promise<void> {
  const client = new IsolatedClient({ connectionString: url, application_name: 'pikaia-seed' });
  await client.connect();
  try {
    await client.query('begin');
    for (const { slug, name } of ORGANIZATIONS) {
      await client.query(
        'insert into organizations_organization (id, name, slug, provider_id) values ($1, $2, $3, $4) on conflict do nothing',
        [newId(), name, slug, `organization-test-${newId()}`],
      );
    }
    for (const { email } of [...MEMBERS, ...OPERATORS]) {
      await client.query('insert into organizations_user (id, email, email_key) values ($1, $2, $3) on conflict do nothing', [
        newId(),
        email,
        emailKey(email),
      ]);
    }
    for (const { email, name, organization, role } of MEMBERS) {
      await client.query(
        `insert into organizations_member (id, organization_id, user_id, email, name, role, status, provider_id, joined_at)
         select $1, o.id, u.id, $6, $7, $2, 'active', $3, clock_timestamp()
         from organizations_organization o, organizations_user u
         where o.slug = $4 and u.email_key = $5
           and not exists (select from organizations_member m where m.organization_id = o.id and m.user_id = u.id)`,
        [newId(), role, `member-test-${newId()}`, organization, emailKey(email), email, name],
      );
    }
    for (const { email, name, role } of OPERATORS) {
      await client.query(
        `update organizations_user set operator = $4 = 'operator', viewer = $4 = 'viewer', name = $3,
           provider_id = coalesce(provider_id, $2)
         where email_key = $1 and not operator and not viewer`,
        [emailKey(email), `operator-test-${newId()}`, name, role],
      );
    }
    await client.query('commit');
  } finally {
    await client.end();
  }
}
