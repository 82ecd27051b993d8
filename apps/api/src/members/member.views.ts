import { ROLES } from '@pikaia/contracts';
import type { Static } from 'typebox';
import { Fields, Id, OneOf, OrNull, PageOf, Text, Timestamp } from '../openapi/schemas.js';
import type { Identity } from '../authentication/identity.js';
import type { Member } from './member.entity.js';

const Email = Text('The email address, as the organization typed it.', 'bob@example.com');
const Role = OneOf('The role in the organization.', ROLES);
const Status = OneOf('`invited` until the person accepts.', ['invited', 'active', 'removed']);

export const MemberView = Fields(
  {
    id: Id('The id of the member.'),
    user_id: Id('The id of the person, which is the same in all organizations.'),
    email: Email,
    name: OrNull(Text('The name, as the organization typed it.', 'Bob')),
    role: Role,
    status: Status,
    invited_at: OrNull(Timestamp('The time of the last invitation.')),
    joined_at: OrNull(Timestamp('The time at which the person joined.')),
  },
  { $id: 'Member' },
);
export const MemberPage = PageOf(MemberView);

export const InvitationView = Fields(
  { id: Id('The id of the member.'), email: Email, role: Role, status: Status },
  { $id: 'Invitation' },
);

export const PermissionsView = Fields(
  {
    member_id: Id('The id of the member.'),
    role: OrNull(OneOf('The cached role. Null once the member was removed.', ROLES)),
    sequence: Text('The position of the event that the cache shows.', '1042'),
    changed_at: Timestamp('The time of that event.'),
  },
  { $id: 'Permissions' },
);

export const MeView = Fields(
  {
    id: Id('The id of the person.'),
    email: Text('The email address of the person.', 'alice@example.com'),
    name: OrNull(Text('The name of the person.', 'Alice')),
    member_id: OrNull(Id('The id of the member. Null for an operator.')),
    role: OneOf('The role of the session.', [...ROLES, 'operator', 'viewer']),
    organization_id: OrNull(Id('The organization of the session. Null for an operator.')),
  },
  { $id: 'Me' },
);

/** Returns a member as the api shows it. The ETag of the member derives from it. */
export const memberView = ({
  id,
  userId,
  address,
  name,
  role,
  status,
  invitedAt,
  joinedAt,
}: Member): Static<typeof MemberView> => ({
  id,
  user_id: userId,
  email: address,
  name,
  role,
  status,
  invited_at: invitedAt,
  joined_at: joinedAt ?? null, // undefined in an entity that was just inserted
});

export const invitationView = ({ id, address, role, status }: Member): Static<typeof InvitationView> => ({
  id,
  email: address,
  role,
  status,
});

export const meView = (identity: Identity): Static<typeof MeView> => {
  const { userId: id, email, name } = identity;
  return identity.kind === 'member'
    ? { id, email, name, member_id: identity.memberId, role: identity.role, organization_id: identity.organizationId }
    : { id, email, name, member_id: null, role: identity.role, organization_id: null };
};
