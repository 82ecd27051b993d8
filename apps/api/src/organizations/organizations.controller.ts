import { Body, Controller, Post } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { AllowedTo, CurrentSession } from '../authentication/access.js';
import type { MemberSession } from '../authentication/session-verifier.js';
import { organizationCreated } from './audit-actions.js';
import { OrganizationCreation } from './organization-creation.service.js';
import { CreateOrganizationRequest } from './organization.requests.js';
import { organizationView } from './organization.view.js';

@Controller('organizations')
export class OrganizationsController {
  constructor(private readonly creation: OrganizationCreation) {}

  /** Creates the organization of the session, with the person as its first admin. */
  @Post()
  @AllowedTo('session')
  @Audited(organizationCreated)
  async create(@CurrentSession() session: MemberSession, @Body() request: CreateOrganizationRequest) {
    return organizationView(await this.creation.create(session, request));
  }
}
