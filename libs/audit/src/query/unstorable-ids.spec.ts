import { type INestApplicationContext, Injectable } from '@nestjs/common';
import { Transactional } from '@pikaia/database';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { asAlice, planChanged, startAuditApplication } from '../../../../test/support/audit/audit.application.js';
import { Audit } from '../record/audit.service.js';
import { normalId } from '../entry/normal-form.js';
import { AuditLog } from './audit-log.query.js';

const LONG = 'o'.repeat(200);
const LONE_SURROGATES = [0xd800, 0xd801].map((code) => `org-${String.fromCharCode(code)}`) as [string, string];

@Injectable()
class Office {
  constructor(private readonly audit: Audit) {}

  @Transactional()
  async record(aggregate: string): Promise<void> {
    await this.audit.record(planChanged, { type: 'plan', id: aggregate });
  }
}

describe('the audit log of organizations with unstorable ids', () => {
  let database: TestDatabase;
  let app: INestApplicationContext;

  beforeAll(async () => {
    database = await createDatabase();
    app = await startAuditApplication(database.apiUrl, [Office]);
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it.each([
    ['agree in their first 200 characters', `${LONG}-1`, `${LONG}-2`],
    ['are one the beginning of the other', LONG, `${LONG}-3`],
    ['differ in U+0000 and U+FFFD', 'org\u0000', 'org\ufffd'],
    ['differ in half a surrogate pair', ...LONE_SURROGATES],
  ])('separates two organizations whose ids %s, and shows each only its own entries', async (_, one, other) => {
    await asAlice(() => app.get(Office).record(one), { organizationId: one });
    await asAlice(() => app.get(Office).record(other), { organizationId: other });
    for (const organization of [one, other]) {
      const find = (filter = {}) => app.get(AuditLog).find({ filter, scope: { organization }, limit: 10 });
      const { data } = await find();
      expect(data.map((entry) => entry.aggregate_id)).toEqual([normalId(organization)]);
      expect((await find({ aggregate_type: 'plan', aggregate_id: organization })).data).toEqual(data);
      expect((await find({ organization_id: organization })).data).toEqual(data);
    }
  });

  it('keeps every id that can be stored unchanged, and normalizes a normalized id to itself', () => {
    for (const id of ['org-1', LONG, '\u{1f600}', '']) expect(normalId(id)).toBe(id);
    for (const id of [`${LONG}-1`, 'a\u0000', LONE_SURROGATES[0]]) {
      expect(normalId(normalId(id))).toBe(normalId(id));
      expect(normalId(id).length).toBeLessThanOrEqual(200);
    }
  });
});
