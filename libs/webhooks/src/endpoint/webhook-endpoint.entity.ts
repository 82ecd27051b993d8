import { AuditedEntity, Public } from '@pikaia/audit';
import { Column, Entity, PrimaryColumn } from 'typeorm';

export type EndpointStatus = 'enabled' | 'disabled';

/** `manual`: by an admin. `failing`: every attempt failed for a long time. `gone`: the receiver responded 410. */
export type DisabledReason = 'manual' | 'failing' | 'gone';

/** In the list of event types, stands for all of them, also later ones. */
export const ALL_EVENT_TYPES = '*';

/** A URL to which events of an organization are sent. Its secrets are in the table `webhook_secret`. */
@AuditedEntity({ type: 'webhook_endpoint', label: 'url' })
@Entity('webhook_endpoint')
export class WebhookEndpoint {
  @Public()
  @PrimaryColumn('uuid')
  id!: string;

  @Public()
  @Column('uuid', { name: 'organization_id' })
  organizationId!: string;

  @Public()
  @Column('text')
  url!: string;

  @Public()
  @Column('text')
  description!: string;

  @Public({ keys: 'all' })
  @Column('text', { name: 'event_types', array: true })
  eventTypes!: string[];

  @Public()
  @Column('text')
  status!: EndpointStatus;

  @Public()
  @Column('text', { name: 'disabled_reason', nullable: true })
  disabledReason!: DisabledReason | null;

  @Public()
  @Column('timestamptz', { name: 'disabled_at', nullable: true })
  disabledAt!: Date | null;

  /** The first of the failed attempts since the last success. */
  @Public()
  @Column('timestamptz', { name: 'failing_since', nullable: true })
  failingSince!: Date | null;

  /** The position of the outbox log when the endpoint was created. Earlier events are not sent. */
  @Public()
  @Column('bigint', { name: 'log_position' })
  logPosition!: string;

  @Public()
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;

  @Public()
  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  deletedAt!: Date | null;
}
