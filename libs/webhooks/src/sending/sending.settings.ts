import { isProduction, OptionalField, Setting, TextRule } from '@pikaia/core';
import { IsInt, Max, Min } from 'class-validator';
import { WebhookSettings } from '../endpoint/webhook.settings.js';
import { parseNetworks, type Network } from '../http/address.policy.js';

const DEVELOPMENT_NETWORKS = '127.0.0.0/8,::1';

/** The settings of the worker for outgoing webhooks. */
export class WebhookSendingSettings extends WebhookSettings {
  @Setting('WEBHOOK_ALLOWED_NETWORKS', {
    about: `networks to which webhooks are sent although they are not public, such as 10.1.0.0/16, separated by commas; default: none in production, otherwise ${DEVELOPMENT_NETWORKS}`,
  })
  @OptionalField()
  @TextRule('isNetworkList', (value) =>
    isNetworkList(value) ? undefined : 'must be networks such as 10.1.0.0/16, separated by commas',
  )
  webhookAllowedNetworks?: string;

  @Setting('WEBHOOK_CONCURRENCY', {
    about: 'webhooks that a worker sends at a time; it sends at most 5 at a time to one endpoint and 20 for one organization',
    default: '100',
  })
  @IsInt()
  @Min(1)
  @Max(1_000)
  webhookConcurrency!: number;

  @Setting('WEBHOOK_TIMEOUT_MS', {
    about: 'milliseconds for one attempt to send a webhook, from the name of the host to the end of the response',
    default: '15000',
  })
  @IsInt()
  @Min(100)
  @Max(60_000)
  webhookTimeoutMs!: number;

  get allowedNetworks(): readonly Network[] {
    return parseNetworks(this.webhookAllowedNetworks ?? (isProduction() ? '' : DEVELOPMENT_NETWORKS));
  }

  /** Development accepts URLs with http. */
  get allowsHttp(): boolean {
    return !isProduction();
  }
}

function isNetworkList(value: unknown): boolean {
  try {
    return typeof value === 'string' && parseNetworks(value).length > 0;
  } catch {
    return false;
  }
}
