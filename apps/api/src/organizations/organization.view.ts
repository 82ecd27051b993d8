import type { Organization } from './organization.entity.js';

/** Returns an organization as the api shows it. The ETag of the organization derives from it. */
export const organizationView = ({ id, name, slug, createdAt }: Organization) => ({ id, name, slug, created_at: createdAt });
