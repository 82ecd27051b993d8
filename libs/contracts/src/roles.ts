/** The roles of a member in its organization. */
export const ROLES = ['member', 'admin'] as const;
export type Role = (typeof ROLES)[number];
