import { Body, Controller, Get, Patch } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { MemberIdentity } from '../authentication/identity.js';
import { organizationUpdated } from './audit-actions.js';
import { UpdateOrganizationRequest } from './organization.requests.js';
import { OrganizationService } from './organization.service.js';
import { organizationView } from './organization.view.js';

@Controller('organization')
export class OrganizationController {
  constructor(private readonly organizations: OrganizationService) {}

  @Get()
  @AllowedTo('member')
  async show(@CurrentIdentity() { organizationId }: MemberIdentity) {
    return organizationView(await this.organizations.get(organizationId));
  }

  @Patch()
  @AllowedTo('admin')
  @Audited(organizationUpdated)
  async update(@CurrentIdentity() admin: MemberIdentity, @Body() changes: UpdateOrganizationRequest) {
    return organizationView(await this.organizations.update(admin, changes));
  }
}
