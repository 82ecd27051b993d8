import { Body, Controller, Get, Patch } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { MemberIdentity } from '../authentication/identity.js';
import { organizationUpdated } from './audit-actions.js';
import type { Organization } from './organization.entity.js';
import { UpdateOrganizationRequest } from './organization.requests.js';
import { OrganizationService } from './organization.service.js';

@Controller('organization')
export class OrganizationController {
  constructor(private readonly organizations: OrganizationService) {}

  @Get()
  @AllowedTo('member')
  async show(@CurrentIdentity() { organizationId }: MemberIdentity) {
    return view(await this.organizations.get(organizationId));
  }

  @Patch()
  @AllowedTo('admin')
  @Audited(organizationUpdated)
  async update(@CurrentIdentity() admin: MemberIdentity, @Body() changes: UpdateOrganizationRequest) {
    return view(await this.organizations.update(admin, changes));
  }
}

const view = ({ id, name, slug, createdAt }: Organization) => ({ id, name, slug, created_at: createdAt });
