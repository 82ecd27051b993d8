import { Module, type OnModuleInit } from '@nestjs/common';
import { systemClock } from '@pikaia/core';
import { OrganizationsModule } from '../organizations/organizations.module.js';
import { WebhookMonitor } from '../webhooks/webhook.monitor.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { FollowedMembers } from './followed-members.js';
import { FollowedOrganizations } from './followed-organizations.js';
import { IdentityObjects } from './identity-objects.js';
import { IdentityWebhookController } from './identity-webhook.controller.js';
import { StytchWebhook, WEBHOOK_CLOCK } from './stytch-webhook.js';

/** Follows the identity provider: organizations, members and roles that change there change here. */
@Module({
  imports: [WebhooksModule, OrganizationsModule],
  controllers: [IdentityWebhookController],
  providers: [
    IdentityObjects,
    FollowedMembers,
    FollowedOrganizations,
    StytchWebhook,
    { provide: WEBHOOK_CLOCK, useValue: systemClock },
  ],
})
export class IdentityModule implements OnModuleInit {
  constructor(
    private readonly stytch: StytchWebhook,
    private readonly monitor: WebhookMonitor,
  ) {}

  onModuleInit(): void {
    this.monitor.watch(this.stytch.name);
  }
}
