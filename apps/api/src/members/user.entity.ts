import { AuditedEntity, Personal, Public } from '@pikaia/audit';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * A person; an invitation creates it. What organizations typed about the person is in their memberships: nothing here but an
 * operator's name may be shown.
 */
@AuditedEntity({ type: 'user', person: 'self', label: 'emailKey' })
@Entity('organizations_user')
export class User {
  @Public()
  @PrimaryColumn('uuid')
  id!: string;

  /** For older versions, which look people up by `lower(email)`. */
  @Personal('self')
  @Column('text')
  email!: string;

  /** The result of `emailKey`; null for an address without one, and for a row that an older version inserted. */
  @Personal('self')
  @Column('text', { name: 'email_key', nullable: true })
  emailKey!: string | null;

  /** Of an operator. */
  @Personal('self')
  @Column('text', { nullable: true })
  name!: string | null;

  @Public()
  @Column({ type: 'boolean', insert: false, update: false })
  operator!: boolean;

  @Public()
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;
}
