import { Body, Controller, Get, Patch } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { MemberIdentity } from '../authentication/identity.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { organizationUpdated } from './audit-actions.js';
import { UpdateOrganizationRequest } from './organization.requests.js';
import { OrganizationService } from './organization.service.js';
import { organizationView, OrganizationView } from './organization.views.js';

@Controller('organization')
export class OrganizationController {
  constructor(private readonly organizations: OrganizationService) {}

  @Get()
  @Endpoint({ summary: 'Show the organization of the session', responses: { 200: OrganizationView } })
  @AllowedTo('member')
  async show(@CurrentIdentity() { organizationId }: MemberIdentity) {
    return organizationView(await this.organizations.get(organizationId));
  }

  @Patch()
  @Endpoint({
    summary: 'Update the organization',
    description: 'Absent fields stay unchanged.',
    example: { name: 'Acme', slug: 'acme' },
    responses: { 200: OrganizationView },
    problems: ['conflict'],
  })
  @AllowedTo('admin')
  @Audited(organizationUpdated)
  async update(@CurrentIdentity() admin: MemberIdentity, @Body() changes: UpdateOrganizationRequest) {
    return organizationView(await this.organizations.update(admin, changes));
  }
}
