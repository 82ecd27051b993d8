import { Controller, Get } from '@nestjs/common';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';

@Controller('me')
export class MeController {
  /** Returns the person of the session. An operator has no organization. */
  @Get()
  @AllowedTo('member', 'operator')
  show(@CurrentIdentity() identity: Identity) {
    const { userId, email, name } = identity;
    return identity.kind === 'member'
      ? { id: userId, email, name, member_id: identity.memberId, role: identity.role, organization_id: identity.organizationId }
      : { id: userId, email, name, member_id: null, role: 'operator', organization_id: null };
  }
}
