import { Body, Controller, Delete, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { AllowedTo, CurrentIdentity, CurrentSession } from '../authentication/access.js';
import type { MemberIdentity } from '../authentication/identity.js';
import type { MemberSession } from '../authentication/session-verifier.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { IdPipe } from '../server/id.pipe.js';
import { memberInvitationRevoked, memberInvited, memberJoined } from './audit-actions.js';
import { BulkInvitations } from './bulk-invitations.service.js';
import { InvitationAcceptance } from './invitation-acceptance.service.js';
import { InvitationService } from './invitation.service.js';
import { BulkInviteSchema, invitationResultView, InvitationResults } from './invitation.views.js';
import { AcceptInvitationRequest, BulkInviteRequest } from './member.requests.js';
import { memberView, MemberView } from './member.views.js';

const path = { id: 'The id of the member, as the invitation returned it.' };

@Controller('members/invitations')
@AllowedTo('admin')
export class InvitationsController {
  constructor(
    private readonly invitations: InvitationService,
    private readonly bulk: BulkInvitations,
    private readonly acceptance: InvitationAcceptance,
  ) {}

  @Post('bulk')
  @Endpoint({
    summary: 'Invite up to 100 people',
    description:
      'All people are invited in one transaction. Responds with one result for each invitation, in the order of the request. A refused invitation does not affect the others. Of several with the same address, the first counts.',
    body: BulkInviteSchema,
    example: { invitations: [{ email: 'bob@example.com', name: 'Bob', role: 'member' }] },
    responses: { 200: InvitationResults },
  })
  @HttpCode(HttpStatus.OK)
  @Audited(memberInvited)
  async inviteAll(@CurrentIdentity() inviter: MemberIdentity, @Body() { invitations }: BulkInviteRequest) {
    return { data: (await this.bulk.invite(inviter, invitations)).map(invitationResultView) };
  }

  @Post('accept')
  @Endpoint({
    summary: 'Accept an invitation',
    description:
      'For the invited person, with a session of the organization that the invitation is from. The verified email address of the session must be the invited one. The person is then an active member.',
    example: { token: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl' },
    responses: { 200: MemberView },
    problems: [
      'email-unverified',
      'invitation-organization',
      'invitation-email',
      'invitation-accepted',
      'conflict',
      'invitation-expired',
      'invitation-replaced',
      'invitation-revoked',
      'invitation-invalid',
    ],
  })
  @HttpCode(HttpStatus.OK)
  @AllowedTo('session')
  @Audited(memberJoined)
  async accept(@CurrentSession() session: MemberSession, @Body() { token }: AcceptInvitationRequest) {
    return memberView(await this.acceptance.accept(session, token));
  }

  @Post(':id/resend')
  @Endpoint({
    summary: 'Send an invitation again',
    description: 'The email contains a new token, and the earlier one is no longer valid. Possible once a minute.',
    path,
    responses: { 200: MemberView },
    problems: ['not-found', 'invitation-accepted', 'invitation-recently-sent'],
  })
  @HttpCode(HttpStatus.OK)
  @Audited(memberInvited)
  async resend(@CurrentIdentity() inviter: MemberIdentity, @Param('id', IdPipe) id: string) {
    return memberView(await this.invitations.resend(inviter, id));
  }

  @Delete(':id')
  @Endpoint({
    summary: 'Withdraw an invitation',
    description: 'The token of the email is no longer valid.',
    path,
    responses: { 204: null },
    problems: ['not-found', 'invitation-accepted'],
  })
  @HttpCode(HttpStatus.NO_CONTENT)
  @Audited(memberInvitationRevoked)
  async revoke(@CurrentIdentity() admin: MemberIdentity, @Param('id', IdPipe) id: string): Promise<void> {
    await this.invitations.revoke(admin, id);
  }
}
