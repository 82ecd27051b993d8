import type { Member } from './member.entity.js';

/** Returns a member as the api shows it. The ETag of the member derives from it. */
export const memberView = ({ id, userId, address, name, role, status, invitedAt, joinedAt }: Member) => ({
  id,
  user_id: userId,
  email: address,
  name,
  role,
  status,
  invited_at: invitedAt,
  joined_at: joinedAt ?? null, // undefined in an entity that was just inserted
});
