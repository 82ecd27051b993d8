import { Inject } from '@nestjs/common';
import { MemberInvited } from '@pikaia/contracts';
import { Consumer, Handles, type EventOf } from '@pikaia/events';
import { getLogger } from '@pikaia/logging';
import { MAILER, type Mailer } from '../mail/mailer.js';
import { NotificationSettings } from '../notification.settings.js';
import { signInvitation } from './invitation-token.js';
import { welcomeText } from './welcome-email.text.js';

const logger = getLogger('notifications');

/** Emails the invitation link. The event contains all data, so the handler looks up nothing. */
@Consumer('welcome-email', { from: 'beginning' })
export class WelcomeEmail {
  constructor(
    @Inject(MAILER) private readonly mailer: Mailer,
    private readonly settings: NotificationSettings,
  ) {}

  @Handles(MemberInvited, { effect: 'external', replay: 'run' }) // an operator replays an invitation to send the email again
  async send(event: EventOf<MemberInvited>): Promise<{ message_id: string }> {
    const { email, name, invited_at: invitedAt = event.occurred_at } = event.data;
    const token = await signInvitation(
      { memberId: event.aggregate_id, organizationId: event.organization_id!, email, invitedAt: new Date(invitedAt) },
      this.settings.invitationSecret,
    );
    const { messageId } = await this.mailer.send({
      id: event.event_id,
      to: { address: email, ...(name !== undefined && { name }) },
      ...welcomeText(event.data, `${this.settings.publicUrl}/invitations/accept?token=${token}`),
      correlationId: event.correlation_id,
    });
    logger.info('welcome_email_sent', { 'message.id': messageId });
    return { message_id: messageId };
  }
}
