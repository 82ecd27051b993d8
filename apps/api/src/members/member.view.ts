import type { Member } from './member.entity.js';

/** A membership as the api returns it. */
export const memberView = ({ id, userId, address, name, role, status, invitedAt, joinedAt }: Member) => ({
  id,
  user_id: userId,
  email: address,
  name,
  role,
  status,
  invited_at: invitedAt,
  joined_at: joinedAt,
});
