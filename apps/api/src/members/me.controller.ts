import { Body, Controller, Get, Patch } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { userProfileUpdated } from './audit-actions.js';
import { UpdateProfileRequest } from './member.requests.js';
import { ProfileService } from './profile.service.js';

@Controller('me')
@AllowedTo('member', 'operator')
export class MeController {
  constructor(private readonly profiles: ProfileService) {}

  /** Returns the person of the session. An operator has no organization. */
  @Get()
  show(@CurrentIdentity() identity: Identity) {
    return view(identity);
  }

  /** Changes the name in this organization. */
  @Patch()
  @Audited(userProfileUpdated)
  async update(@CurrentIdentity() identity: Identity, @Body() { name }: UpdateProfileRequest) {
    await this.profiles.rename(identity, name);
    return view({ ...identity, name });
  }
}

function view(identity: Identity) {
  const { userId, email, name } = identity;
  return identity.kind === 'member'
    ? { id: userId, email, name, member_id: identity.memberId, role: identity.role, organization_id: identity.organizationId }
    : { id: userId, email, name, member_id: null, role: 'operator', organization_id: null };
}
