import { Injectable } from '@nestjs/common';
import { Audit, Audited, diff, snapshot } from '@pikaia/audit';
import { WebhookEndpointDisabled } from '@pikaia/contracts';
import { currentManager, Transactional } from '@pikaia/database';
import { Events } from '@pikaia/events';
import { getLogger, metric } from '@pikaia/logging';
import { IsNull, Not } from 'typeorm';
import { WebhookEndpoint } from '../endpoint/webhook-endpoint.entity.js';
import type { PostResult } from '../http/guarded.post.js';
import { webhookSendingMetrics } from '../metrics.js';
import { webhookEndpointDisabled } from './audit-actions.js';
import type { ClaimedDelivery } from './claimed.delivery.js';

type AttemptedEndpoint = Pick<ClaimedDelivery, 'endpointId' | 'url'>;

const logger = getLogger('webhook-sending');

/** Disables endpoints whose receiver fails. */
@Injectable()
export class EndpointDisabler {
  constructor(
    private readonly events: Events,
    private readonly audit: Audit,
  ) {}

  /**
   * Disables the endpoint of a failed attempt, publishes the event and records the entry. Its pending deliveries fail when they are due.
   * Does nothing if the endpoint is disabled or deleted already, has another URL now, or is no longer failing.
   */
  async disable(attempted: AttemptedEndpoint, reason: 'failing' | 'gone', { status, failure }: PostResult): Promise<void> {
    const isDisabled = await this.storeDisabled(attempted, reason, { status, failure });
    if (!isDisabled) return;
    metric(webhookSendingMetrics.disabled, 1);
    logger.warning('webhook_endpoint_disabled', { 'webhook.endpoint_id': attempted.endpointId, 'webhook.reason': reason });
  }

  @Transactional()
  @Audited(webhookEndpointDisabled)
  private async storeDisabled(
    { endpointId, url }: AttemptedEndpoint,
    reason: 'failing' | 'gone',
    { status, failure }: Pick<PostResult, 'status' | 'failure'>,
  ): Promise<boolean> {
    const manager = currentManager();
    const where = { id: endpointId, url, ...(reason === 'failing' && { failingSince: Not(IsNull()) }) };
    const endpoint = await manager.findOne(WebhookEndpoint, { where, lock: { mode: 'for_no_key_update' } });
    if (!endpoint || endpoint.status === 'disabled' || endpoint.deletedAt) return false;
    const before = snapshot(endpoint);
    const now = new Date();
    Object.assign(endpoint, { status: 'disabled', disabledReason: reason, disabledAt: now });
    await manager.save(endpoint);
    await this.events.publish(WebhookEndpointDisabled, endpoint, {
      url: endpoint.url,
      reason,
      failing_since: (endpoint.failingSince ?? now).toISOString(),
      error_code: failure!.code,
      ...(status !== null && { response_status: status }),
    });
    await this.audit.record(webhookEndpointDisabled, endpoint, diff(before, endpoint));
    return true;
  }
}
