import { AuditedEntity, Public } from '@pikaia/audit';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A subscription of an organization, as Stripe last described it. */
@AuditedEntity({ type: 'subscription' })
@Entity('subscription')
export class Subscription {
  @Public()
  @PrimaryColumn('uuid')
  id!: string;

  @Public()
  @Column('uuid', { name: 'organization_id' })
  organizationId!: string;

  /** The id at Stripe. */
  @Public()
  @Column('text', { name: 'provider_id' })
  providerId!: string;

  /** The status in the words of Stripe. */
  @Public()
  @Column('text')
  status!: string;

  @Public()
  @Column('text', { name: 'price_id' })
  priceId!: string;

  /** Null if usage is metered. */
  @Public()
  @Column('integer', { nullable: true })
  quantity!: number | null;

  @Public()
  @Column('timestamptz', { name: 'current_period_start', nullable: true })
  currentPeriodStart!: Date | null;

  @Public()
  @Column('timestamptz', { name: 'current_period_end', nullable: true })
  currentPeriodEnd!: Date | null;

  @Public()
  @Column('boolean', { name: 'cancel_at_period_end' })
  cancelAtPeriodEnd!: boolean;

  /** The time of the Stripe event that activated the subscription; null before, and after it ended. */
  @Public()
  @Column('timestamptz', { name: 'active_since', nullable: true })
  activeSince!: Date | null;

  /** The state contains every Stripe event before this time: the time of the applied event, or of the read. */
  @Public()
  @Column('timestamptz', { name: 'provider_version' })
  providerVersion!: Date;

  /** If the state was read from Stripe: it contains no event after this time, and perhaps those since `providerVersion`. */
  @Public()
  @Column('timestamptz', { name: 'provider_read_until', nullable: true })
  providerReadUntil!: Date | null;

  @Public()
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;
}
