import { Module } from '@nestjs/common';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { BulkInvitations } from './bulk-invitations.service.js';
import { InvitationAcceptance } from './invitation-acceptance.service.js';
import { InvitationService } from './invitation.service.js';
import { InvitationsController } from './invitations.controller.js';
import { MeController } from './me.controller.js';
import { MemberService } from './member.service.js';
import { MembersController } from './members.controller.js';
import { PermissionsCacheService } from './permissions-cache.service.js';
import { ProfileService } from './profile.service.js';

@Module({
  imports: [OrganizationsModule],
  controllers: [MembersController, InvitationsController, MeController],
  providers: [MemberService, InvitationService, InvitationAcceptance, BulkInvitations, ProfileService, PermissionsCacheService],
})
export class MembersModule {}
