import { AuditedEntity, Personal, Public } from '@pikaia/audit';
import type { Role } from '@pikaia/contracts';
import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { emailKey } from './email-key.js';
import { User } from './user.entity.js';

export type MemberStatus = 'invited' | 'active' | 'removed';

/** The membership of a person in an organization. */
@AuditedEntity({ type: 'member', person: 'userId', label: 'address' })
@Entity('organizations_member')
export class Member {
  @Public()
  @PrimaryColumn('uuid')
  id!: string;

  @Public()
  @Column('uuid', { name: 'organization_id' })
  organizationId!: string;

  @Public()
  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'user_id' })
  user!: User;

  @Public()
  @Column('text')
  role!: Role;

  @Public()
  @Column('text')
  status!: MemberStatus;

  @Public()
  @Column('text', { name: 'provider_id', nullable: true })
  providerId!: string | null;

  @Public()
  @Column('timestamptz', { name: 'invited_at', nullable: true })
  invitedAt!: Date | null;

  @Public()
  @Column('timestamptz', { name: 'joined_at', nullable: true })
  joinedAt!: Date | null;

  @Public()
  @Column('timestamptz', { name: 'removed_at', nullable: true })
  removedAt!: Date | null;

  /**
   * The address as the organization typed it; null in a row that an older version inserted. To display the address, use
   * `address`.
   */
  @Personal('userId')
  @Column('text', { nullable: true })
  email!: string | null;

  /** The name as the organization typed it. */
  @Personal('userId')
  @Column('text', { nullable: true })
  name!: string | null;

  /** The address to show to the organization. If `email` is null, the `user` relation must be loaded. */
  get address(): string {
    return addressOf(this.email, this.user?.email);
  }
}

/**
 * Returns the address of a membership as its organization typed it, or else the canonical form of the person's address. The
 * stored spelling of the person's address may come from another organization.
 */
export const addressOf = (typed: string | null, ofUser: string): string => typed ?? emailKey(ofUser) ?? ofUser;
