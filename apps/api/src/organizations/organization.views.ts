import type { Static } from 'typebox';
import { Fields, Id, Text, Timestamp } from '../openapi/schemas.js';
import type { Organization } from './organization.entity.js';

export const OrganizationView = Fields(
  {
    id: Id('The id of the organization.'),
    name: Text('The name.', 'Acme'),
    slug: Text('The short name in addresses. It is unique.', 'acme'),
    created_at: Timestamp('The time of the creation.'),
  },
  { $id: 'Organization' },
);

export const organizationView = ({ id, name, slug, createdAt }: Organization): Static<typeof OrganizationView> => ({
  id,
  name,
  slug,
  created_at: createdAt,
});
