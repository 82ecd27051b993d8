import { Injectable } from '@nestjs/common';
import { Audit } from '@pikaia/audit';
import { context, newId } from '@pikaia/core';
import { currentManager, queryJsonRows, Transactional } from '@pikaia/database';
import { payloadOf, type WebhookEndpoint } from '@pikaia/webhooks';
import type { MemberIdentity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import { OrganizationService } from '../organizations/organization.service.js';
import { PageCursor } from '../server/page.cursor.js';
import { webhookEndpointTested, webhooksRedelivered } from './audit-actions.js';
import {
  FIND_DELIVERY,
  FIND_FAILED,
  INSERT_REDELIVERIES,
  INSERT_TEST,
  LIST_ATTEMPTS,
  LIST_DELIVERIES,
} from './webhook-deliveries.sql.js';
import type { FindDeliveriesRequest } from './webhook-delivery.requests.js';
import type { Attempt, Delivery, ListedDelivery } from './webhook-delivery.views.js';
import { WebhookEndpointService } from './webhook-endpoint.service.js';

const TEST_TYPE = 'webhook.test';
const MAX_RECOVERED = 1_000; // of one request, which is one transaction

interface FoundDelivery extends Delivery {
  readonly payload: string;
  readonly endpoint_status: string;
  readonly is_repeated_now: boolean;
}

const DATES = ['next_attempt_at', 'created_at', 'settled_at'] as const;

/** The deliveries of webhook endpoints: reading them, and sending events again. */
@Injectable()
export class WebhookDeliveryService {
  constructor(
    private readonly endpoints: WebhookEndpointService,
    private readonly organizations: OrganizationService,
    private readonly audit: Audit,
    private readonly cursors: PageCursor,
  ) {}

  /** Lists the deliveries of an endpoint, newest first. @throws Problem 404 if the organization has no such endpoint. */
  async list(
    organizationId: string,
    endpointId: string,
    { status, event_type: type, cursor, limit }: FindDeliveriesRequest,
  ): Promise<{ deliveries: ListedDelivery[]; nextCursor: string | null }> {
    await this.endpoints.get(organizationId, endpointId);
    const list = `webhook-deliveries:${JSON.stringify([endpointId, status, type])}`;
    const before = cursor === undefined ? null : this.cursors.decode(cursor, list);
    const values = [endpointId, status ?? null, type ?? null, before, limit + 1];
    const found = await queryJsonRows<ListedDelivery>(currentManager(), LIST_DELIVERIES, values, DATES);
    const deliveries = found.slice(0, limit);
    return { deliveries, nextCursor: found.length > limit ? this.cursors.encode(deliveries.at(-1)!.id, list) : null };
  }

  /** @throws Problem 404 if the organization has no such delivery. */
  async get(organizationId: string, id: string): Promise<Delivery & { payload: string; attempts: Attempt[] }> {
    const { endpoint_status: _, is_repeated_now: __, ...delivery } = await this.find(organizationId, id);
    return { ...delivery, attempts: await queryJsonRows<Attempt>(currentManager(), LIST_ATTEMPTS, [id], ['started_at']) };
  }

  /** Stores a test event for an endpoint. @throws Problem 404, or 409 if the endpoint is disabled. */
  @Transactional()
  async test(admin: MemberIdentity, endpointId: string): Promise<Delivery> {
    const endpoint = await this.endpoints.lock(admin, endpointId);
    requireEnabled(endpoint.status);
    const [id, eventId, { organizationId }] = [newId(), newId(), endpoint];
    const values = [id, endpointId, organizationId, eventId, TEST_TYPE, context.correlationId, testPayload(endpoint)];
    await currentManager().query(INSERT_TEST, values);
    await this.audit.record(webhookEndpointTested, endpoint);
    return this.view(organizationId, id);
  }

  /**
   * Stores a delivery again, with the same event.
   *
   * @throws Problem 404, or 409 if the endpoint is disabled, or the delivery or its last redelivery is pending.
   */
  @Transactional()
  async redeliver(admin: MemberIdentity, deliveryId: string): Promise<Delivery> {
    const { id: organizationId } = await this.organizations.lockAs(admin);
    const delivery = await this.find(organizationId, deliveryId);
    requireEnabled(delivery.endpoint_status);
    if (delivery.status === 'pending' || delivery.is_repeated_now) throw Problem.conflict('The event is still being sent.');
    const endpoint = await this.endpoints.get(organizationId, delivery.endpoint_id);
    const id = await this.repeat(endpoint, [deliveryId]);
    return this.view(organizationId, id[0]!);
  }

  /** Redelivers the failed deliveries of an endpoint that were not redelivered, at most 1,000. @throws Problem 404 or 409. */
  @Transactional()
  async recover(admin: MemberIdentity, endpointId: string, since: string): Promise<{ redelivered: number; has_more: boolean }> {
    const endpoint = await this.endpoints.lock(admin, endpointId);
    requireEnabled(endpoint.status);
    const failed = await currentManager().query<{ id: string }[]>(FIND_FAILED, [endpointId, since, MAX_RECOVERED + 1]);
    if (failed.length === 0) this.audit.nothingToRecord('unchanged');
    else
      await this.repeat(
        endpoint,
        failed.slice(0, MAX_RECOVERED).map(({ id }) => id),
      );
    return { redelivered: Math.min(failed.length, MAX_RECOVERED), has_more: failed.length > MAX_RECOVERED };
  }

  /** @returns the ids of the new deliveries. */
  private async repeat(endpoint: WebhookEndpoint, deliveries: readonly string[]): Promise<string[]> {
    const ids = deliveries.map(() => newId());
    await currentManager().query(INSERT_REDELIVERIES, [ids, deliveries]);
    await this.audit.record(webhooksRedelivered, endpoint);
    return ids;
  }

  private async view(organizationId: string, id: string): Promise<Delivery> {
    const { endpoint_status: _, is_repeated_now: __, payload: ___, ...delivery } = await this.find(organizationId, id);
    return delivery;
  }

  private async find(organizationId: string, id: string): Promise<FoundDelivery> {
    const [found] = await queryJsonRows<FoundDelivery>(currentManager(), FIND_DELIVERY, [id, organizationId], DATES);
    if (!found) throw Problem.notFound('No webhook delivery with this id exists.');
    return found;
  }
}

function requireEnabled(status: string): void {
  if (status !== 'enabled') throw Problem.conflict('The webhook endpoint is disabled. Enable it first.');
}

const testPayload = ({ id, organizationId }: WebhookEndpoint): string =>
  payloadOf({
    event_type: TEST_TYPE,
    occurred_at: new Date().toISOString(),
    schema_version: 1,
    organization_id: organizationId,
    aggregate_type: 'webhook_endpoint',
    aggregate_id: id,
    data: { message: 'This is a test. No event has occurred.' },
  });
