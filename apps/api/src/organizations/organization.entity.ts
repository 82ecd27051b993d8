import { AuditedEntity, Public } from '@pikaia/audit';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A tenant. */
@AuditedEntity({ type: 'organization' })
@Entity('organizations_organization')
export class Organization {
  @Public()
  @PrimaryColumn('uuid')
  id!: string;

  @Public()
  @Column('text')
  name!: string;

  @Public()
  @Column('text')
  slug!: string;

  @Public()
  @Column('text', { name: 'provider_id' })
  providerId!: string;

  /** The customer at Stripe. Null until a checkout is completed. */
  @Public()
  @Column('text', { name: 'stripe_customer_id', nullable: true })
  stripeCustomerId!: string | null;

  @Public()
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;

  @Public()
  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  deletedAt!: Date | null;
}
