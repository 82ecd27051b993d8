import { randomUUID } from 'node:crypto';
import { captureLogs } from '@pikaia/logging/testing';
import { SecretCipher } from '@pikaia/webhooks';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { connect, type TestDatabase } from '../../../../test/support/database/database.js';
import { createApiDatabase } from '../../../../test/support/system/api-database.js';
import { SecretReencryption } from './secret-reencryption.js';

const [LOST, OLD, NEW] = ['a lost key', 'an old key', 'a new key'] as const;

describe('SecretReencryption', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  let source: DataSource;

  beforeAll(async () => {
    database = await createApiDatabase();
    owner = await connect(database.ownerUrl);
    source = await new DataSource({ type: 'postgres', url: database.apiUrl }).initialize();
  });
  beforeEach(() => owner.query('truncate organizations_organization cascade'));
  afterAll(async () => {
    await source.destroy();
    await owner.end();
    await database.drop();
  });

  /** Stores endpoints whose secret is their own id. @returns the ids. */
  async function insert(count: number, key: string): Promise<string[]> {
    const cipher = new SecretCipher([key]);
    const ids = Array.from({ length: count }, () => randomUUID());
    const encrypted = ids.map((id) => cipher.encrypt(id, id).ciphertext);
    await owner.query(
      `with organization as (
         insert into organizations_organization (id, name, slug, provider_id)
         values (gen_random_uuid(), 'a', 's' || $1::uuid, $1::uuid) returning id),
       endpoint as (
         insert into webhook_endpoint (id, organization_id, url, description, event_types, status, log_position)
         select n.id, o.id, 'https://example.com/', '', '{*}', 'enabled', 0 from organization o, unnest($2::uuid[]) n (id) returning id)
       insert into webhook_secret (id, endpoint_id, key_id, ciphertext)
       select gen_random_uuid(), n.id, $3, n.ciphertext from unnest($2::uuid[], $4::text[]) n (id, ciphertext)`,
      [randomUUID(), ids, cipher.keyId, encrypted],
    );
    return ids;
  }

  /** The secrets that a cipher with one key can read. */
  async function readableWith(key: string): Promise<string[]> {
    const cipher = new SecretCipher([key]);
    const { rows } = await owner.query<{ endpoint_id: string; key_id: string; ciphertext: string }>(
      'select endpoint_id, key_id, ciphertext from webhook_secret where key_id = $1',
      [cipher.keyId],
    );
    return rows.map(({ endpoint_id: id, key_id: keyId, ciphertext }) => cipher.decrypt({ keyId, ciphertext }, id));
  }

  it('encrypts all secrets with the first key, so the other keys can be removed', async () => {
    const ids = [...(await insert(250, OLD)), ...(await insert(3, NEW))];
    using logs = captureLogs();
    const cipher = new SecretCipher([NEW, OLD]);
    await Promise.all([new SecretReencryption(source, cipher).run(), new SecretReencryption(source, cipher).run()]);
    expect((await readableWith(NEW)).sort()).toEqual(ids.sort());
    const counts = logs.of('webhook_secrets_reencrypted').map((line) => Number(line['webhook.reencrypted']));
    expect(counts.reduce((one, other) => one + other)).toBe(250); // each one was encrypted by one of the two
  });

  it('leaves a secret whose key is missing, and reports it', async () => {
    const [lost] = await insert(1, LOST);
    const old = await insert(2, OLD);
    using logs = captureLogs();
    await new SecretReencryption(source, new SecretCipher([NEW, OLD])).run();
    expect((await readableWith(NEW)).sort()).toEqual(old.sort());
    expect(await readableWith(LOST)).toEqual([lost]);
    expect(logs.of('webhook_secret_unreadable')).toEqual([expect.objectContaining({ 'webhook.endpoint_id': lost })]);
  });

  it('changes nothing if all secrets have the first key', async () => {
    await insert(2, NEW);
    const before = await owner.query('select * from webhook_secret order by id');
    using logs = captureLogs();
    await new SecretReencryption(source, new SecretCipher([NEW])).run();
    expect((await owner.query('select * from webhook_secret order by id')).rows).toEqual(before.rows);
    expect(logs.of('webhook_secrets_reencrypted')).toEqual([]);
  });
});
