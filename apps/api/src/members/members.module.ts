import { Module } from '@nestjs/common';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { InvitationService } from './invitation.service.js';
import { MeController } from './me.controller.js';
import { MemberService } from './member.service.js';
import { MembersController } from './members.controller.js';
import { PermissionsCacheService } from './permissions-cache.service.js';

@Module({
  imports: [OrganizationsModule],
  controllers: [MembersController, MeController],
  providers: [MemberService, InvitationService, PermissionsCacheService],
})
export class MembersModule {}
