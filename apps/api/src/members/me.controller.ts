import { Controller, Get } from '@nestjs/common';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { MeView } from './member.views.js';

@Controller('me')
export class MeController {
  @Get()
  @Endpoint({ summary: 'Show the person of the session', responses: { 200: MeView } })
  @AllowedTo('member', 'operator')
  show(@CurrentIdentity() identity: Identity) {
    const { userId, email, name } = identity;
    return identity.kind === 'member'
      ? { id: userId, email, name, member_id: identity.memberId, role: identity.role, organization_id: identity.organizationId }
      : { id: userId, email, name, member_id: null, role: 'operator' as const, organization_id: null };
  }
}
