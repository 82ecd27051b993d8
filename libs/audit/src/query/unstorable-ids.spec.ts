import { asAlice, planChanged } from '../../../../test/support/audit/audit.application.js';
import { AuditFixture, Recorder } from '../../../../test/support/audit/audit.fixture.js';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { normalId } from '../entry/normal-form.js';
import { AuditLog } from './audit-log.query.js';

const LONG = 'o'.repeat(200);
const LONE_SURROGATES = [0xd800, 0xd801].map((code) => `org-${String.fromCharCode(code)}`) as [string, string];

describe('the audit log of organizations with unstorable ids', () => {
  const audit = useFixture(new AuditFixture(Recorder));

  it.each([
    ['agree in their first 200 characters', `${LONG}-1`, `${LONG}-2`],
    ['are one the beginning of the other', LONG, `${LONG}-3`],
    ['differ in U+0000 and U+FFFD', 'org\u0000', 'org\ufffd'],
    ['differ in half a surrogate pair', ...LONE_SURROGATES],
  ])('separates two organizations whose ids %s, and shows each only its own entries', async (_, one, other) => {
    await asAlice(() => audit.recorder.record(planChanged, { type: 'plan', id: one }), { organizationId: one });
    await asAlice(() => audit.recorder.record(planChanged, { type: 'plan', id: other }), { organizationId: other });
    for (const organization of [one, other]) {
      const find = (filter = {}) => audit.app.get(AuditLog).find({ filter, scope: { organization }, limit: 10 });
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
