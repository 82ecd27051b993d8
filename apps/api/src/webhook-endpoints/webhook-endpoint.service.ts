import { Injectable } from '@nestjs/common';
import { Audit, diff, snapshot } from '@pikaia/audit';
import { WebhookEndpointCreated, WebhookEndpointDeleted, WebhookEndpointUpdated } from '@pikaia/contracts';
import { newId } from '@pikaia/core';
import { currentManager, Transactional } from '@pikaia/database';
import { Events, takeLogPosition } from '@pikaia/events';
import { ALL_EVENT_TYPES, type EndpointStatus, WebhookEndpoint } from '@pikaia/webhooks';
import { IsNull, MoreThan } from 'typeorm';
import type { MemberIdentity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import { OrganizationService } from '../organizations/organization.service.js';
import { checkPreconditions } from '../preconditions/preconditions.js';
import { PageCursor } from '../server/page.cursor.js';
import type { PageRequest } from '../server/page.request.js';
import { webhookEndpointCreated, webhookEndpointDeleted, webhookEndpointUpdated, webhookSecretRotated } from './audit-actions.js';
import { EndpointSecrets } from './endpoint-secrets.js';
import { CANCEL_DELIVERIES, RESUME_ENDPOINT } from './webhook-deliveries.sql.js';
import type { CreateWebhookEndpointRequest, UpdateWebhookEndpointRequest } from './webhook-endpoint.requests.js';
import { webhookEndpointView } from './webhook-endpoint.views.js';

const MAX_ENDPOINTS = 20; // of one organization, because each event is stored for each endpoint

type FieldValues = Record<string, string | string[] | null>;

/** The webhook endpoints of an organization. */
@Injectable()
export class WebhookEndpointService {
  constructor(
    private readonly organizations: OrganizationService,
    private readonly secrets: EndpointSecrets,
    private readonly events: Events,
    private readonly audit: Audit,
    private readonly cursors: PageCursor,
  ) {}

  /** Lists the endpoints, oldest first. */
  async list(
    organizationId: string,
    { cursor, limit }: PageRequest,
  ): Promise<{ endpoints: WebhookEndpoint[]; nextCursor: string | null }> {
    const list = `webhook-endpoints:${organizationId}`;
    const after = cursor !== undefined && this.cursors.decode(cursor, list);
    const found = await currentManager().find(WebhookEndpoint, {
      where: { organizationId, deletedAt: IsNull(), ...(after && { id: MoreThan(after) }) },
      order: { id: 'asc' },
      take: limit + 1,
    });
    const endpoints = found.slice(0, limit);
    return { endpoints, nextCursor: found.length > limit ? this.cursors.encode(endpoints.at(-1)!.id, list) : null };
  }

  /** @throws Problem 404 if the organization has no such endpoint. */
  async get(organizationId: string, id: string): Promise<WebhookEndpoint> {
    return found(await currentManager().findOneBy(WebhookEndpoint, { id, organizationId, deletedAt: IsNull() }));
  }

  /**
   * Registers an endpoint. It gets the events that are published from now on.
   *
   * @returns the endpoint and its secret, which no other call returns.
   * @throws Problem 409 if the organization has the maximum number of endpoints.
   */
  @Transactional()
  async create(
    admin: MemberIdentity,
    { url, description, event_types: eventTypes }: CreateWebhookEndpointRequest,
  ): Promise<{ endpoint: WebhookEndpoint; secret: string }> {
    checkEventTypes(eventTypes);
    const { id: organizationId } = await this.organizations.lockAs(admin);
    const manager = currentManager();
    if ((await manager.countBy(WebhookEndpoint, { organizationId, deletedAt: IsNull() })) >= MAX_ENDPOINTS)
      throw Problem.conflict(`An organization can have ${MAX_ENDPOINTS} webhook endpoints. Delete one first.`);
    const id = newId();
    await manager.insert(WebhookEndpoint, {
      id,
      organizationId,
      url,
      description,
      eventTypes,
      status: 'enabled',
      logPosition: await takeLogPosition(),
    });
    const secret = await this.secrets.create(id);
    const endpoint = await manager.findOneByOrFail(WebhookEndpoint, { id });
    await this.events.publish(WebhookEndpointCreated, endpoint, { url, event_types: eventTypes });
    await this.audit.record(webhookEndpointCreated, endpoint, diff(null, endpoint));
    return { endpoint, secret };
  }

  /**
   * Changes an endpoint. New types apply to events that are not stored for the endpoint yet, a new URL also to deliveries that are pending. A
   * new URL or status ends the pause of a receiver that fails.
   */
  @Transactional()
  async update(
    admin: MemberIdentity,
    id: string,
    { url, description, event_types: eventTypes, status }: UpdateWebhookEndpointRequest,
  ): Promise<WebhookEndpoint> {
    if (eventTypes) checkEventTypes(eventTypes);
    const endpoint = await this.lock(admin, id);
    checkPreconditions(() => webhookEndpointView(endpoint));
    const before = snapshot(endpoint);
    if (url !== undefined && url !== endpoint.url) Object.assign(endpoint, { url, failingSince: null });
    endpoint.description = description ?? endpoint.description;
    endpoint.eventTypes = eventTypes ?? endpoint.eventTypes;
    if (status !== undefined && status !== endpoint.status) setStatus(endpoint, status);
    const change = diff(before, endpoint);
    if (change.changed.length === 0) {
      this.audit.nothingToRecord('unchanged');
      return endpoint;
    }
    await currentManager().save(endpoint);
    if (change.changed.includes('url') || change.changed.includes('status')) await currentManager().query(RESUME_ENDPOINT, [id]);
    await this.events.publish(WebhookEndpointUpdated, endpoint, {
      changed: [...change.changed],
      old: change.old as FieldValues,
      new: change.new as FieldValues,
    });
    await this.audit.record(webhookEndpointUpdated, endpoint, change);
    return endpoint;
  }

  /** Deletes an endpoint with its secrets, and cancels its pending deliveries. */
  @Transactional()
  async remove(admin: MemberIdentity, id: string): Promise<void> {
    const endpoint = await this.lock(admin, id);
    checkPreconditions(() => webhookEndpointView(endpoint));
    const before = snapshot(endpoint);
    endpoint.deletedAt = new Date();
    await currentManager().save(endpoint);
    await this.secrets.deleteAll(id);
    await currentManager().query(CANCEL_DELIVERIES, [id]);
    await this.events.publish(WebhookEndpointDeleted, endpoint, { url: endpoint.url });
    await this.audit.record(webhookEndpointDeleted, endpoint, diff(before, null));
  }

  /** Replaces the signing secret. The replaced secrets sign for `overlapHours` more. */
  @Transactional()
  async rotateSecret(admin: MemberIdentity, id: string, overlapHours: number): Promise<{ secret: string; expiresAt: Date }> {
    const endpoint = await this.lock(admin, id);
    const rotated = await this.secrets.rotate(id, overlapHours);
    await this.audit.record(webhookSecretRotated, endpoint);
    return rotated;
  }

  /** Locks the endpoint, because the sender changes its status too. The lock of the organization comes first. */
  async lock(admin: MemberIdentity, id: string): Promise<WebhookEndpoint> {
    const { id: organizationId } = await this.organizations.lockAs(admin);
    const where = { id, organizationId, deletedAt: IsNull() };
    return found(await currentManager().findOne(WebhookEndpoint, { where, lock: { mode: 'for_no_key_update' } }));
  }
}

function found(endpoint: WebhookEndpoint | null): WebhookEndpoint {
  if (!endpoint) throw Problem.notFound('No webhook endpoint with this id exists.');
  return endpoint;
}

function setStatus(endpoint: WebhookEndpoint, status: EndpointStatus): void {
  const isDisabled = status === 'disabled';
  Object.assign(endpoint, {
    status,
    disabledReason: isDisabled ? 'manual' : null,
    disabledAt: isDisabled ? new Date() : null,
    failingSince: isDisabled ? endpoint.failingSince : null,
  });
}

function checkEventTypes(types: readonly string[]): void {
  if (types.length === 1 || !types.includes(ALL_EVENT_TYPES)) return;
  throw Problem.invalid([{ field: 'event_types', message: 'event_types must contain * alone, or types without *' }]);
}
