import { decodeJwt, SignJWT, type JWTPayload } from 'jose';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TestDatabase } from '../../../../test/support/database/database.js';
import { createApiDatabase } from '../../../../test/support/system/api-database.js';
import { seed } from '../database/seed.js';
import { issueDevelopmentToken } from './development-issuer.js';
import { ALGORITHM, developmentKeys } from './development-keys.js';
import { DevelopmentSessionVerifier } from './development-session.verifier.js';
import { ORGANIZATION_CLAIM, SESSION_CLAIM } from './session-claims.js';
import { SessionRefusedError } from './session-verifier.js';

describe('the development issuer', () => {
  let database: TestDatabase;
  let keysDirectory: string;

  beforeAll(async () => {
    keysDirectory = join(mkdtempSync(join(tmpdir(), 'pikaia-keys-')), 'keys');
    database = await createApiDatabase();
    await seed(database.ownerUrl);
  });
  afterAll(async () => {
    await database.drop();
    rmSync(join(keysDirectory, '..'), { recursive: true });
  });

  const issue = (email: string, lifetime?: number) =>
    issueDevelopmentToken({ email, keysDirectory, databaseUrl: database.apiUrl, ...(lifetime !== undefined && { lifetime }) });

  it('creates a single key file, readable only by its owner, for concurrent first uses', async () => {
    await Promise.all([developmentKeys(keysDirectory), developmentKeys(keysDirectory), developmentKeys(keysDirectory)]);
    const files = readdirSync(keysDirectory);
    expect(files).toEqual(['session.private.jwk.json']);
    expect(statSync(join(keysDirectory, files[0]!)).mode & 0o777).toBe(0o600);
  });

  it('issues sessions of members and operators that DevelopmentSessionVerifier accepts', async () => {
    const verifier = await DevelopmentSessionVerifier.create(keysDirectory);
    expect(await verifier.verify(await issue('Alice@example.com'))).toEqual({
      kind: 'member',
      id: expect.stringMatching(/^session-test-/),
      subject: expect.stringMatching(/^member-test-/),
      organization: expect.stringMatching(/^organization-test-/),
      email: 'Alice@example.com',
      expiresAtMs: expect.any(Number),
    });
    expect(await verifier.verify(await issue('olga@example.com'))).toEqual({
      kind: 'operator',
      id: expect.any(String),
      subject: expect.stringMatching(/^operator-test-/),
      expiresAtMs: expect.any(Number),
    });
  });

  it('issues sessions of the organization of an invitation, of a chosen one, and of one that does not exist here', async () => {
    const verifier = await DevelopmentSessionVerifier.create(keysDirectory);
    const options = { keysDirectory, databaseUrl: database.apiUrl };
    const owner = await connect(database.ownerUrl);
    const { rows } = await owner.query<{ id: string; organization: string }>(
      `with invited as (
         insert into organizations_member (id, organization_id, user_id, role, status)
         select gen_random_uuid(), o.id, u.id, 'member', 'invited' from organizations_organization o, organizations_user u
         where o.slug = 'globex' and u.email in ('alice@example.com', 'olga@example.com') returning id, organization_id, user_id)
       select i.id, o.provider_id as organization from invited i join organizations_organization o on o.id = i.organization_id
       join organizations_user u on u.id = i.user_id where u.email = 'alice@example.com'`,
    );
    await owner.end();
    const [invited] = rows;
    const session = await verifier.verify(
      await issueDevelopmentToken({ ...options, email: 'alice@example.com', organization: 'globex' }),
    );
    expect(session).toMatchObject({ subject: `member-test-${invited!.id}`, organization: invited!.organization });
    expect(await verifier.verify(await issue('olga@example.com'))).toMatchObject({ kind: 'operator' });
    const first = await verifier.verify(await issue('alice@example.com'));
    expect(first).not.toMatchObject({ organization: invited!.organization });
    const created = await verifier.verify(
      await issueDevelopmentToken({ ...options, email: 'zoe@new.example', newOrganization: true }),
    );
    expect(created).toMatchObject({ kind: 'member', email: 'zoe@new.example' });
    await expect(issueDevelopmentToken({ ...options, email: 'carol@example.com', organization: 'globex' })).rejects.toMatchObject(
      { code: 'PIKAIA_DEVELOPMENT_TOKEN_UNKNOWN_EMAIL' },
    );
  });

  it.each<[string, (now: number) => object]>([
    ['belongs to an ended session', (now) => ({ [SESSION_CLAIM]: { id: 's', expires_at: new Date((now - 60) * 1000) } })],
    [
      'belongs to a session that has not begun',
      (now) => ({ [SESSION_CLAIM]: { id: 's', started_at: new Date((now + 60) * 1000) } }),
    ],
    ['was issued a day ahead', (now) => ({ iat: now + 86_400 })],
    ['was issued more than a day ago', (now) => ({ iat: now - 86_460 })],
    ['has no issue time', () => ({ iat: undefined })],
    ['names no organization', () => ({ [ORGANIZATION_CLAIM]: undefined })],
    ['has U+0000 in its subject', () => ({ sub: 'member\u0000' })],
  ])('refuses a token that %s, although it has a valid signature', async (_, changed) => {
    const verifier = await DevelopmentSessionVerifier.create(keysDirectory);
    const { privateKey } = await developmentKeys(keysDirectory);
    const resign = (claims: object) =>
      new SignJWT(claims as JWTPayload).setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' }).sign(privateKey);
    const claims = decodeJwt(await issue('alice@example.com'));
    await expect(verifier.verify(await resign(claims))).resolves.toHaveProperty('kind', 'member');
    const changes = changed(Math.floor(Date.now() / 1000));
    await expect(verifier.verify(await resign({ ...claims, ...changes }))).rejects.toThrow(SessionRefusedError);
  });

  it('refuses to issue a session for an unknown email address', async () => {
    await expect(issue('nobody@example.com')).rejects.toMatchObject({ code: 'PIKAIA_DEVELOPMENT_TOKEN_UNKNOWN_EMAIL' });
  });

  it.each([
    ['has expired', () => issue('alice@example.com', -1)],
    ['is not a JWT', async () => 'nonsense'],
    [
      'is signed with another key',
      () =>
        issueDevelopmentToken({
          email: 'alice@example.com',
          keysDirectory: `${keysDirectory}-other`,
          databaseUrl: database.apiUrl,
        }),
    ],
  ])('refuses a session that %s', async (_, make) => {
    const verifier = await DevelopmentSessionVerifier.create(keysDirectory);
    await expect(verifier.verify(await make())).rejects.toThrow(SessionRefusedError);
  });

  describe('with NODE_ENV=production', () => {
    const before = process.env['NODE_ENV'];
    beforeAll(() => (process.env['NODE_ENV'] = 'production'));
    afterAll(() => (process.env['NODE_ENV'] = before));

    it('refuses to issue and to verify sessions in production', async () => {
      const refusal = { code: 'PIKAIA_DEVELOPMENT_SESSIONS_IN_PRODUCTION' };
      await expect(issue('alice@example.com')).rejects.toMatchObject(refusal);
      await expect(DevelopmentSessionVerifier.create(keysDirectory)).rejects.toMatchObject(refusal);
    });
  });
});
