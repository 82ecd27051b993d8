/** The roles of a member in an organization. */
export const ROLES = ['member', 'admin'] as const;
export type Role = (typeof ROLES)[number];
