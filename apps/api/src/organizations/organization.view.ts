import type { Organization } from './organization.entity.js';

/** An organization as the api returns it. */
export const organizationView = ({ id, name, slug, createdAt }: Organization) => ({ id, name, slug, created_at: createdAt });
