import { AuditedEntity, Personal, Public } from '@pikaia/audit';
import type { Role } from '@pikaia/contracts';
import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from './user.entity.js';

export type MemberStatus = 'invited' | 'active' | 'removed';

/** A person's membership in an organization. */
@AuditedEntity({ type: 'member', person: 'userId', label: 'email' })
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

  /** Part of every record about the membership, kept where it can be erased. Absent where the user was not loaded. */
  @Personal('userId')
  get email(): string | undefined {
    return this.user?.email;
  }

  @Personal('userId')
  get name(): string | null | undefined {
    return this.user?.name;
  }
}
