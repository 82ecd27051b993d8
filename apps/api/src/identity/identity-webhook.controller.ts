import { Controller, HttpCode, HttpStatus, Post } from '@nestjs/common';
import { Audit, Audited } from '@pikaia/audit';
import { memberJoined, memberRemoved, memberRoleChanged } from '../members/audit-actions.js';
import { organizationDeleted, organizationUpdated } from '../organizations/audit-actions.js';
import { Signed, Webhook, type SignedRequest } from '../webhooks/webhook.decorator.js';
import { WebhookReceiver } from '../webhooks/webhook.receiver.js';
import { StytchWebhook } from './stytch-webhook.js';

@Controller('identity')
export class IdentityWebhookController {
  constructor(
    private readonly receiver: WebhookReceiver,
    private readonly stytch: StytchWebhook,
    private readonly audit: Audit,
  ) {}

  /** Receives what changed at the identity provider. Responds 200 also to a notice that changes nothing. */
  @Post('webhook')
  @HttpCode(HttpStatus.OK)
  @Webhook('stytch')
  @Audited(memberJoined, memberRoleChanged, memberRemoved, organizationUpdated, organizationDeleted)
  async receive(@Signed() request: SignedRequest) {
    const result = await this.receiver.receive(this.stytch, request);
    if (result.outcome !== 'handled') this.audit.nothingToRecord(result.outcome === 'duplicate' ? 'duplicate' : 'unchanged');
    return result;
  }
}
