import { AuditedEntity, Personal, Public } from '@pikaia/audit';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A person; an invitation creates it. */
@AuditedEntity({ type: 'user', person: 'self', label: 'email' })
@Entity('organizations_user')
export class User {
  @Public()
  @PrimaryColumn('uuid')
  id!: string;

  @Personal('self')
  @Column('text')
  email!: string;

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
