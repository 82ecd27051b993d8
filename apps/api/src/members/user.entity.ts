import { AuditedEntity, Personal, Public } from '@pikaia/audit';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * A person. An invitation creates the user. The address and name that an organization typed are in its membership; from this
 * entity, only the name of an operator may be shown.
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

  /** The result of `emailKey`. Null for an address without a key, and for a row that an older version inserted. */
  @Personal('self')
  @Column('text', { name: 'email_key', nullable: true })
  emailKey!: string | null;

  /** The name of an operator. */
  @Personal('self')
  @Column('text', { nullable: true })
  name!: string | null;

  @Public()
  @Column({ type: 'boolean', insert: false, update: false })
  operator!: boolean;

  /** Reads what an operator reads, and changes nothing. */
  @Public()
  @Column({ type: 'boolean', insert: false, update: false })
  viewer!: boolean;

  @Public()
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;
}
