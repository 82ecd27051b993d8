import { Module } from '@nestjs/common';
import { ProcessedWebhooks } from './processed-webhooks.js';
import { WebhookReceiver } from './webhook.receiver.js';

/** Receives the webhooks of providers. A module with a webhook imports it. */
@Module({ providers: [ProcessedWebhooks, WebhookReceiver], exports: [WebhookReceiver] })
export class WebhooksModule {}
