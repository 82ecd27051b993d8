import { Column, DataSource, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { SpecMember, startAuditApplication } from '../../../test/support/audit/audit.application.js';
import { createDatabase, type TestDatabase } from '../../../test/support/database/database.js';
import { AuditedEntity } from './diff/audited-entity.decorator.js';
import { Public } from './diff/field-policy.decorator.js';

@Entity()
@AuditedEntity({ type: 'leaky' })
class Leaky {
  @Public()
  @PrimaryColumn('uuid')
  id!: string;

  @Public()
  @Column('uuid', { name: 'member_id' })
  memberId!: string;

  @Public()
  @ManyToOne(() => SpecMember, { eager: true })
  @JoinColumn({ name: 'member_id' })
  member!: SpecMember;
}

describe('AuditModule', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createDatabase();
  });

  afterAll(() => database.drop());

  it('refuses to start an application that declares a policy on an eager relation', async () => {
    let opened: DataSource | undefined;
    const watch = { provide: 'watch', inject: [DataSource], useFactory: (source: DataSource) => void (opened = source) };
    await expect(startAuditApplication(database.apiUrl, [watch], [Leaky, SpecMember])).rejects.toMatchObject({
      code: 'PIKAIA_AUDIT_FIELD_POLICY_INVALID',
      message: expect.stringContaining('Leaky.member: remove the policy'),
    });
    await opened!.destroy();
  });
});
