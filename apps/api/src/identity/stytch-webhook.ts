import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { SignedRequest } from '../webhooks/webhook.decorator.js';
import type { HandlerOutcome, WebhookSource } from '../webhooks/webhook.source.js';
import { FollowedMembers } from './followed-members.js';
import { FollowedOrganizations } from './followed-organizations.js';
import { IdentityObjects } from './identity-objects.js';
import { IdentitySettings } from './identity.settings.js';
import { readStytchNotice, type StytchNotice, type UnreadableNotice } from './stytch-notice.js';
import { verifySvixSignature } from './svix-signature.js';

const logger = getLogger('identity');

/** The clock that decides whether a delivery is a replay. */
export const WEBHOOK_CLOCK = Symbol('pikaia.webhook-clock');

/** The webhooks of Stytch, which Svix sends. */
@Injectable()
export class StytchWebhook implements WebhookSource<StytchNotice | UnreadableNotice> {
  readonly name = 'stytch';

  constructor(
    private readonly settings: IdentitySettings,
    private readonly objects: IdentityObjects,
    private readonly members: FollowedMembers,
    private readonly organizations: FollowedOrganizations,
    @Inject(WEBHOOK_CLOCK) private readonly clock: Clock,
  ) {}

  get isConfigured(): boolean {
    return this.settings.webhookKeys.length > 0;
  }

  verify(request: SignedRequest): StytchNotice | UnreadableNotice {
    const { id, text } = verifySvixSignature(request, this.settings.webhookKeys, this.clock);
    return readStytchNotice(id, text, this.settings.adminRoles);
  }

  async handle(notice: StytchNotice | UnreadableNotice): Promise<HandlerOutcome> {
    if (!('subject' in notice)) {
      if (notice.object === 'unknown') return 'unknown_type';
      logger.warning('identity_notice_unreadable', { 'webhook.id': notice.id, 'webhook.type': notice.type });
      return 'unreadable';
    }
    await this.objects.lock(notice.subject);
    return notice.object === 'member' ? this.members.follow(notice) : this.organizations.follow(notice);
  }
}
