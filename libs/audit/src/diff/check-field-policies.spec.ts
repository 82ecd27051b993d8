import { Column, DataSource, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { SpecMember } from '../../../../test/support/audit.js';
import { AuditedEntity } from './audited-entity.decorator.js';
import { checkFieldPolicies } from './check-field-policies.js';
import { Public } from './field-policy.decorator.js';

@Entity()
class Unaudited {
  @PrimaryColumn('uuid')
  id!: string;
}

@Entity()
@AuditedEntity({ type: 'leaky' })
class Leaky {
  @PrimaryColumn('uuid')
  @Public()
  id!: string;

  @Column('text')
  forgotten!: string;

  @ManyToOne(() => Unaudited)
  @JoinColumn({ name: 'owner_id' })
  @Public()
  owner!: Unaudited;
}

@Entity()
class Inheriting extends SpecMember {}

class Metadata extends DataSource {
  async build(): Promise<this> {
    await this.buildMetadatas();
    return this;
  }
}
const sourceOf = (...entities: Function[]) => new Metadata({ type: 'postgres', entities }).build();

describe('checkFieldPolicies', () => {
  it('accepts entities whose columns all have a policy, their own or inherited, and asks nothing of others', async () => {
    const source = await sourceOf(SpecMember, Inheriting, Unaudited);
    expect(() => checkFieldPolicies(source)).not.toThrow();
  });

  it('names each column without a policy, and a join column that has no property of its own', async () => {
    const source = await sourceOf(Leaky, Unaudited);
    expect(() => checkFieldPolicies(source)).toThrow(
      expect.objectContaining({
        code: 'PIKAIA_AUDIT_FIELD_POLICY_MISSING',
        message: expect.stringMatching(/Leaky\.forgotten, Leaky\.owner_id/),
      }),
    );
  });
});
