import { Body, Controller, Get, Patch } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { userProfileUpdated } from './audit-actions.js';
import { UpdateProfileRequest } from './member.requests.js';
import { meView, MeView } from './member.views.js';
import { ProfileService } from './profile.service.js';

@Controller('me')
@AllowedTo('member', 'operator')
export class MeController {
  constructor(private readonly profiles: ProfileService) {}

  @Get()
  @Endpoint({
    summary: 'Show the person of the session',
    description: 'An operator has no organization.',
    responses: { 200: MeView },
  })
  show(@CurrentIdentity() identity: Identity) {
    return meView(identity);
  }

  @Patch()
  @Endpoint({
    summary: 'Change the name of the person of the session',
    description: 'The name belongs to the membership, so other organizations of the person do not see it.',
    example: { name: 'Bob Miller' },
    responses: { 200: MeView },
  })
  @Audited(userProfileUpdated)
  async update(@CurrentIdentity() identity: Identity, @Body() { name }: UpdateProfileRequest) {
    await this.profiles.rename(identity, name);
    return meView({ ...identity, name });
  }
}
