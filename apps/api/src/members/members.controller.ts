import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import type { FastifyReply } from 'fastify';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { MemberIdentity } from '../authentication/identity.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { IdPipe } from '../server/id.pipe.js';
import { PageRequest } from '../server/page.request.js';
import { memberInvitationRevoked, memberInvited, memberRemoved, memberRoleChanged } from './audit-actions.js';
import { ChangeRoleRequest, InviteRequest, PermissionsRequest } from './member.requests.js';
import { invitationView, InvitationView, MemberPage, memberView, MemberView, PermissionsView } from './member.views.js';
import { InvitationService } from './invitation.service.js';
import { MemberService } from './member.service.js';
import { PermissionsCacheService } from './permissions-cache.service.js';

const path = { id: 'The id of the member.' };

@Controller('members')
@AllowedTo('admin')
export class MembersController {
  constructor(
    private readonly members: MemberService,
    private readonly invitations: InvitationService,
    private readonly permissions: PermissionsCacheService,
  ) {}

  @Get()
  @Endpoint({
    summary: 'List members',
    description: 'Lists invited and active members, oldest first.',
    responses: { 200: MemberPage },
  })
  async list(@CurrentIdentity() { organizationId }: MemberIdentity, @Query() page: PageRequest) {
    const { members, nextCursor } = await this.members.list(organizationId, page);
    return { data: members.map(memberView), next_cursor: nextCursor };
  }

  @Get(':id')
  @Endpoint({ summary: 'Show a member', path, responses: { 200: MemberView }, problems: ['not-found'] })
  async show(@CurrentIdentity() { organizationId }: MemberIdentity, @Param('id', IdPipe) id: string) {
    return memberView(await this.members.get(organizationId, id));
  }

  @Get(':id/permissions')
  @Endpoint({
    summary: 'Show the cached permissions of a member',
    description: 'Events keep the cache, so it can lag behind the member. `after_change` waits for a change.',
    path,
    responses: { 200: PermissionsView },
    problems: ['not-found', 'conflict', 'change-unseen'],
  })
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

  @Post('invitations')
  @Endpoint({
    summary: 'Invite a person',
    description: 'Responds 201 to a new invitation, and 200 if a pending invitation is sent again.',
    example: { email: 'bob@example.com', name: 'Bob', role: 'member' },
    responses: { 200: InvitationView, 201: InvitationView },
    problems: ['conflict'],
  })
  @Audited(memberInvited)
  async invite(
    @CurrentIdentity() inviter: MemberIdentity,
    @Body() request: InviteRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { member, created } = await this.invitations.invite(inviter, request);
    void reply.status(created ? HttpStatus.CREATED : HttpStatus.OK);
    return invitationView(member);
  }

  @Patch(':id')
  @Endpoint({
    summary: 'Change the role of a member',
    description: 'Admins cannot change their own role. The organization keeps at least one admin.',
    path,
    example: { role: 'admin' },
    responses: { 200: MemberView },
    problems: ['not-found', 'conflict'],
  })
  @Audited(memberRoleChanged)
  async changeRole(
    @CurrentIdentity() admin: MemberIdentity,
    @Param('id', IdPipe) id: string,
    @Body() { role }: ChangeRoleRequest,
  ) {
    return memberView(await this.members.changeRole(admin, id, role));
  }

  @Delete(':id')
  @Endpoint({
    summary: 'Remove a member',
    description: 'Withdraws the invitation of a person who has not joined. The organization keeps at least one admin.',
    path,
    responses: { 204: null },
    problems: ['not-found', 'conflict'],
  })
  @HttpCode(HttpStatus.NO_CONTENT)
  @Audited(memberRemoved, memberInvitationRevoked)
  async remove(@CurrentIdentity() admin: MemberIdentity, @Param('id', IdPipe) id: string): Promise<void> {
    await this.members.remove(admin, id);
  }
}
