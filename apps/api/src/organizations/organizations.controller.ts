import { Body, Controller, Post } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { AllowedTo, CurrentSession } from '../authentication/access.js';
import type { MemberSession } from '../authentication/session-verifier.js';
import { memberJoined } from '../members/audit-actions.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { organizationCreated } from './audit-actions.js';
import { OrganizationCreation } from './organization-creation.service.js';
import { CreateOrganizationRequest } from './organization.requests.js';
import { organizationView, OrganizationView } from './organization.views.js';

@Controller('organizations')
export class OrganizationsController {
  constructor(private readonly creation: OrganizationCreation) {}

  @Post()
  @Endpoint({
    summary: 'Create the organization of the session',
    description:
      'For a session whose organization at the session provider does not exist here. The person becomes its first admin, with the verified email address of the session.',
    example: { name: 'Acme', slug: 'acme' },
    responses: { 201: OrganizationView },
    problems: ['email-unverified', 'organization-exists', 'conflict'],
  })
  @AllowedTo('session')
  @Audited(organizationCreated, memberJoined)
  async create(@CurrentSession() session: MemberSession, @Body() request: CreateOrganizationRequest) {
    return organizationView(await this.creation.create(session, request));
  }
}
