import { DataSource } from 'typeorm';
import { executeSql, type TestDatabase } from '../../../../test/support/database/database.js';
import { createApiDatabase } from '../../../../test/support/system/api-database.js';
import { seed } from '../database/seed.js';
import { IdentityRepository } from './identity.repository.js';

const SUBJECT = 'Member-1';
const ORGANIZATION = 'Organization-1';
const LONE_SURROGATE = String.fromCharCode(0xd800); // the driver sends it as U+FFFD

describe('IdentityRepository', () => {
  let database: TestDatabase;
  let source: DataSource;
  let repository: IdentityRepository;

  beforeAll(async () => {
    database = await createApiDatabase();
    await seed(database.ownerUrl);
    await executeSql(
      database.ownerUrl,
      `update organizations_organization set provider_id = '${ORGANIZATION}' where slug = 'acme';
       update organizations_member set provider_id = '${SUBJECT}' where email = 'alice@example.com';
       update organizations_member set provider_id = 'Member-\ufffd' where email = 'carol@example.com'`,
    );
    source = await new DataSource({ type: 'postgres', url: database.apiUrl }).initialize();
    repository = new IdentityRepository(source);
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  const find = (subject: string, organization: string) =>
    repository.find({ kind: 'member', id: 'session-1', subject, organization, expiresAtMs: Infinity });

  it('finds the member with exactly the ids of the session', async () => {
    expect(await find(SUBJECT, ORGANIZATION)).toMatchObject({ kind: 'member', email: 'alice@example.com', name: 'Alice Adams' });
  });

  it.each([
    ['different letter case', 'member-1', ORGANIZATION],
    ['a space after the subject', `${SUBJECT} `, ORGANIZATION],
    ['an invisible character', `${SUBJECT}\u200b`, ORGANIZATION],
    ['U+0000 in the subject', `${SUBJECT}\u0000`, ORGANIZATION],
    ['U+0000 in the organization', SUBJECT, `${ORGANIZATION}\u0000`],
    ['half a surrogate pair, which would be stored as U+FFFD', `Member-${LONE_SURROGATE}`, ORGANIZATION],
    ['no subject', '', ORGANIZATION],
    ['no organization', SUBJECT, ''],
    ['a subject of a megabyte', 'x'.repeat(1_000_000), ORGANIZATION],
    ['another organization', SUBJECT, 'Organization-2'],
  ])('finds no identity for a session with %s', async (_, subject, organization) => {
    expect(await find(subject, organization)).toBeUndefined();
  });
});
