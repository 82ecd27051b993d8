import { Body, Controller, Delete, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { AllowedTo, CurrentIdentity, CurrentSession } from '../authentication/access.js';
import type { MemberIdentity } from '../authentication/identity.js';
import type { MemberSession } from '../authentication/session-verifier.js';
import { IdPipe } from '../server/id.pipe.js';
import { memberInvitationRevoked, memberInvited, memberJoined } from './audit-actions.js';
import { BulkInvitations, type InvitationResult } from './bulk-invitations.service.js';
import { InvitationAcceptance } from './invitation-acceptance.service.js';
import { InvitationService } from './invitation.service.js';
import { AcceptInvitationRequest, BulkInviteRequest } from './member.requests.js';
import { memberView } from './member.view.js';

@Controller('members/invitations')
@AllowedTo('admin')
export class InvitationsController {
  constructor(
    private readonly invitations: InvitationService,
    private readonly bulk: BulkInvitations,
    private readonly acceptance: InvitationAcceptance,
  ) {}

  /** Invites up to 100 people in one transaction. Responds 200 with one result for each, in the order of the request. */
  @Post('bulk')
  @HttpCode(HttpStatus.OK)
  @Audited(memberInvited)
  async inviteAll(@CurrentIdentity() inviter: MemberIdentity, @Body() { invitations }: BulkInviteRequest) {
    return { data: (await this.bulk.invite(inviter, invitations)).map(resultView) };
  }

  /** Makes the invited person an active member. The session is of the invitation's organization, where the person is not yet known. */
  @Post('accept')
  @HttpCode(HttpStatus.OK)
  @AllowedTo('session')
  @Audited(memberJoined)
  async accept(@CurrentSession() session: MemberSession, @Body() { token }: AcceptInvitationRequest) {
    return memberView(await this.acceptance.accept(session, token));
  }

  @Post(':id/resend')
  @HttpCode(HttpStatus.OK)
  @Audited(memberInvited)
  async resend(@CurrentIdentity() inviter: MemberIdentity, @Param('id', IdPipe) id: string) {
    return memberView(await this.invitations.resend(inviter, id));
  }

  @Delete(':id')
  @HttpCode(HttpStatus.NO_CONTENT)
  @Audited(memberInvitationRevoked)
  async revoke(@CurrentIdentity() admin: MemberIdentity, @Param('id', IdPipe) id: string): Promise<void> {
    await this.invitations.revoke(admin, id);
  }
}

function resultView({ result, member, problem }: InvitationResult) {
  if (member) return { result, id: member.id, email: member.address, role: member.role, status: member.status };
  const { type, title, status, detail, errors } = problem;
  return { result, problem: { type, title, status, detail, ...(errors.length > 0 && { errors }) } };
}
