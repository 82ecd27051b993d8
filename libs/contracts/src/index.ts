export { Inviter, MemberInvited } from './members/member-invited.v1.js';
export { MemberRemoved } from './members/member-removed.v1.js';
export { MemberRoleChanged } from './members/member-role-changed.v1.js';
export { MemberRoleChangedV2 } from './members/member-role-changed.v2.js';
export { OrganizationUpdated } from './organizations/organization-updated.v1.js';
export { ROLES, type Role } from './roles.js';
