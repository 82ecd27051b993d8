import { Injectable } from '@nestjs/common';
import { Audit, Audited, diff, snapshot } from '@pikaia/audit';
import { WebhookEndpointDisabled } from '@pikaia/contracts';
import { currentManager, Transactional } from '@pikaia/database';
import { Events } from '@pikaia/events';
import { getLogger, metric } from '@pikaia/logging';
import { WebhookEndpoint } from '../endpoint/webhook-endpoint.entity.js';
import type { PostResult } from '../http/guarded.post.js';
import { webhookSendingMetrics } from '../metrics.js';
import { webhookEndpointDisabled } from './audit-actions.js';

const logger = getLogger('webhook-sending');

/** Disables endpoints whose receiver fails. */
@Injectable()
export class EndpointDisabler {
  constructor(
    private readonly events: Events,
    private readonly audit: Audit,
  ) {}

  /**
   * Disables an endpoint after a failed attempt, publishes the event and records the entry. Does nothing if the endpoint is disabled or
   * deleted already. Its pending deliveries fail when they are due.
   */
  async disable(endpointId: string, reason: 'failing' | 'gone', { status, failure }: PostResult): Promise<void> {
    const isDisabled = await this.storeDisabled(endpointId, reason, { status, failure });
    if (!isDisabled) return;
    metric(webhookSendingMetrics.disabled, 1);
    logger.warning('webhook_endpoint_disabled', { 'webhook.endpoint_id': endpointId, 'webhook.reason': reason });
  }

  @Transactional()
  @Audited(webhookEndpointDisabled)
  private async storeDisabled(
    id: string,
    reason: 'failing' | 'gone',
    { status, failure }: Pick<PostResult, 'status' | 'failure'>,
  ): Promise<boolean> {
    const manager = currentManager();
    const endpoint = await manager.findOne(WebhookEndpoint, { where: { id }, lock: { mode: 'for_no_key_update' } });
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
