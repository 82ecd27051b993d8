import { memberNotice, organizationNotice } from './development-notice.js';
import { readStytchNotice } from './stytch-notice.js';

const ADMIN_ROLES = new Set(['stytch_admin', 'owner']);
const AT = Date.parse('2026-03-01T12:00:00Z') * 1000 + 678_901;
const dora = { id: 'member-test-1', organization: 'organization-test-1', email: 'dora@example.com' };
const read = (body: unknown) => readStytchNotice('msg_1', JSON.stringify(body), ADMIN_ROLES);
const member = (changed: object) => read(memberNotice({ ...dora, ...changed }, { at: AT }));

describe('readStytchNotice', () => {
  it('reads a member with the time in microseconds', () => {
    expect(read(memberNotice({ ...dora, name: ' Dora ' }, { action: 'CREATE', source: 'SCIM', at: AT }))).toEqual({
      id: 'msg_1',
      type: 'scim.member.create',
      object: 'member',
      subject: 'member-test-1',
      version: AT,
      isCreated: true,
      state: { status: 'active', role: 'member' },
      member: { organization: 'organization-test-1', email: 'dora@example.com', name: 'Dora' },
    });
  });

  it.each([
    [['stytch_member'], 'member'],
    [['stytch_member', 'stytch_admin'], 'admin'],
    [['owner'], 'admin'],
    [['Owner', 'admin', ''], 'member'],
    [[], 'member'],
  ])('maps the roles %j to %s', (roles, role) => {
    expect(member({ roles })).toMatchObject({ state: { role } });
  });

  it('maps roles that are not a list of objects to member', () => {
    const notice = memberNotice(dora);
    for (const roles of [null, 'stytch_admin', ['stytch_admin', null, 7, {}]])
      expect(read({ ...notice, member: { ...(notice['member'] as object), roles } })).toMatchObject({
        state: { role: 'member' },
      });
  });

  it.each([
    ['active', { status: 'active', role: 'member' }],
    ['invited', { status: 'pending', role: 'member' }],
    ['pending', { status: 'pending', role: 'member' }],
    ['deleted', { status: 'deleted' }],
  ])('maps the status %s', (status, state) => {
    expect(member({ status })).toMatchObject({ state });
  });

  it('reads a deletion, which has only an id', () => {
    expect(read(memberNotice(dora, { action: 'DELETE', at: AT }))).toEqual({
      id: 'msg_1',
      type: 'direct.member.delete',
      object: 'member',
      subject: 'member-test-1',
      version: AT,
      isCreated: false,
      state: { status: 'deleted' },
    });
    expect(read(organizationNotice('organization-test-1', '', { action: 'DELETE' }))).toMatchObject({
      object: 'organization',
      state: { status: 'deleted' },
    });
  });

  it('reads the name of an organization', () => {
    expect(read(organizationNotice('organization-test-1', ' Größe & Co ', { at: AT }))).toMatchObject({
      object: 'organization',
      subject: 'organization-test-1',
      state: { status: 'active', name: 'Größe & Co' },
    });
  });

  it.each(['', ' ', '\u200b', 'a\nb', 'a\u0000', 'a\ud800', 'x'.repeat(201)])(
    'finds no name of an organization in %j',
    (name) => {
      expect(read(organizationNotice('organization-test-1', name))).toEqual(expect.objectContaining({ object: 'unreadable' }));
    },
  );

  it.each(['', ' ', 'a\nb', 'a\u0000', 'a\ud800', 'x'.repeat(201)])('reads the name %j of a member as none', (name) => {
    expect(member({ name })).toMatchObject({ member: { name: null } });
  });

  const valid = memberNotice(dora, { at: AT });
  it.each<[string, unknown]>([
    ['no time', { ...valid, timestamp: undefined }],
    ['a time without a time zone', { ...valid, timestamp: '2026-03-01T12:00:00' }],
    ['a time that does not exist', { ...valid, timestamp: '2026-13-01T12:00:00Z' }],
    ['a number as its time', { ...valid, timestamp: 1_772_366_400 }],
    ['no id', { ...valid, id: undefined }],
    ['an id with a space', { ...valid, id: 'a b' }],
    ['a huge id', { ...valid, id: 'x'.repeat(256) }],
    ['no member', { ...valid, member: undefined }],
    ['a member that is null', { ...valid, member: null }],
    ['a member without an organization', { ...valid, member: { ...(valid['member'] as object), organization_id: null } }],
    ['a member without an address', { ...valid, member: { ...(valid['member'] as object), email_address: 7 } }],
    ['a member without a status', { ...valid, member: { ...(valid['member'] as object), status: null } }],
  ])('cannot read a notice with %s', (_, body) => {
    expect(read(body)).toEqual({ id: 'msg_1', type: 'direct.member.update', object: 'unreadable' });
  });

  it.each<[string, string]>([
    ['another object', JSON.stringify({ ...valid, object_type: 'saml_connection' })],
    ['another action', JSON.stringify({ ...valid, action: 'MERGE' })],
    ['null', 'null'],
    ['a list', '[]'],
    ['no JSON', '{'],
    ['no text', ''],
  ])('does not know %s', (_, text) => {
    expect(readStytchNotice('msg_1', text, ADMIN_ROLES)).toMatchObject({ id: 'msg_1', object: 'unknown' });
  });

  it('never puts the text of a body into the type', () => {
    expect(read({ ...valid, source: 'a secret\n' })).toMatchObject({ type: 'unknown' });
  });
});
