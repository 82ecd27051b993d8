import { auditAction } from '@pikaia/audit';
import { OrganizationCreated, OrganizationDeleted, OrganizationUpdated } from '@pikaia/contracts';
import { Organization } from './organization.entity.js';

export const organizationCreated = auditAction('organization.created', {
  aggregate: Organization,
  changes: 'required',
  event: OrganizationCreated,
  description: 'An organization is created.',
});

export const organizationUpdated = auditAction('organization.updated', {
  aggregate: Organization,
  changes: 'required',
  event: OrganizationUpdated,
  description: 'An admin changes the name or the slug of the organization, or the identity provider its name.',
});

export const organizationDeleted = auditAction('organization.deleted', {
  aggregate: Organization,
  changes: 'required',
  event: OrganizationDeleted,
  description: 'The organization is deleted at the identity provider.',
});
