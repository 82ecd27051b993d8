import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import type { FastifyReply } from 'fastify';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { MemberIdentity } from '../authentication/identity.js';
import { IdPipe } from '../server/id.pipe.js';
import { PageRequest } from '../server/page.request.js';
import { memberInvitationRevoked, memberInvited, memberRemoved, memberRoleChanged } from './audit-actions.js';
import { ChangeRoleRequest, InviteRequest, PermissionsRequest } from './member.requests.js';
import { InvitationService } from './invitation.service.js';
import { MemberService } from './member.service.js';
import { memberView } from './member.view.js';
import { PermissionsCacheService } from './permissions-cache.service.js';

@Controller('members')
@AllowedTo('admin')
export class MembersController {
  constructor(
    private readonly members: MemberService,
    private readonly invitations: InvitationService,
    private readonly permissions: PermissionsCacheService,
  ) {}

  @Get()
  async list(@CurrentIdentity() { organizationId }: MemberIdentity, @Query() page: PageRequest) {
    const { members, nextCursor } = await this.members.list(organizationId, page);
    return { data: members.map(memberView), next_cursor: nextCursor };
  }

  @Get(':id')
  async show(@CurrentIdentity() { organizationId }: MemberIdentity, @Param('id', IdPipe) id: string) {
    return memberView(await this.members.get(organizationId, id));
  }

  /** Responds with the role in the cache that events keep, which can lag behind the member. `after_change` waits for a change. */
  @Get(':id/permissions')
  async showPermissions(
    @CurrentIdentity() { organizationId }: MemberIdentity,
    @Param('id', IdPipe) id: string,
    @Query() { after_change: token }: PermissionsRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const closed = new AbortController();
    reply.raw.once('close', () => closed.abort());
    return this.permissions.get(organizationId, id, token, closed.signal);
  }

  /** Responds 201 to a new invitation, and 200 if a pending invitation is sent again. */
  @Post('invitations')
  @Audited(memberInvited)
  async invite(
    @CurrentIdentity() inviter: MemberIdentity,
    @Body() request: InviteRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { member, created } = await this.invitations.invite(inviter, request);
    void reply.status(created ? HttpStatus.CREATED : HttpStatus.OK);
    return { id: member.id, email: member.address, role: member.role, status: member.status };
  }

  @Patch(':id')
  @Audited(memberRoleChanged)
  async changeRole(
    @CurrentIdentity() admin: MemberIdentity,
    @Param('id', IdPipe) id: string,
    @Body() { role }: ChangeRoleRequest,
  ) {
    return memberView(await this.members.changeRole(admin, id, role));
  }

  /** Removes a member. Withdraws the invitation of a person who has not joined. */
  @Delete(':id')
  @HttpCode(HttpStatus.NO_CONTENT)
  @Audited(memberRemoved, memberInvitationRevoked)
  async remove(@CurrentIdentity() admin: MemberIdentity, @Param('id', IdPipe) id: string): Promise<void> {
    await this.members.remove(admin, id);
  }
}
