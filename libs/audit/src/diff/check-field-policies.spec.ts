import {
  ChildEntity,
  Column,
  DataSource,
  Entity,
  EntitySchema,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  TableInheritance,
  Tree,
  TreeChildren,
  TreeParent,
} from 'typeorm';
import { SpecMember } from '../../../../test/support/audit/audit.application.js';
import { AuditedEntity, type AuditedEntityOptions } from './audited-entity.decorator.js';
import { checkFieldPolicies } from './check-field-policies.js';
import { Personal, Public, Secret } from './field-policy.decorator.js';

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

abstract class Base {
  @PrimaryColumn('uuid')
  @Public()
  id!: string;
}

class Metadata extends DataSource {
  async build(): Promise<this> {
    await this.buildMetadatas();
    return this;
  }
}
const sourceOf = (...entities: (Function | EntitySchema)[]) => new Metadata({ type: 'postgres', entities }).build();

describe('checkFieldPolicies', () => {
  it('accepts entities whose columns all have a policy, declared or inherited, and ignores entities that are not audited', async () => {
    const source = await sourceOf(SpecMember, Inheriting, Unaudited);
    expect(() => checkFieldPolicies(source)).not.toThrow();
  });

  it('names each column without a policy, including a join column without its own property', async () => {
    const source = await sourceOf(Leaky, Unaudited);
    expect(() => checkFieldPolicies(source)).toThrow(
      expect.objectContaining({
        code: 'PIKAIA_AUDIT_FIELD_POLICY_MISSING',
        message: expect.stringMatching(/Leaky\.forgotten, Leaky\.owner_id/),
      }),
    );
  });

  it('names embedded fields without a policy at every depth, and JSON columns whose policy names no keys', async () => {
    class Inner {
      @Column('text')
      token!: string;

      @Column('text')
      @Public()
      city!: string;

      @ManyToOne(() => Unaudited)
      @JoinColumn({ name: 'country_id' })
      country!: Unaudited;
    }
    class Outer {
      @Column(() => Inner, { prefix: 'x' })
      inner!: Inner;
    }
    @Entity()
    @AuditedEntity({ type: 'nesting' })
    class Nesting extends Base {
      @Column(() => Outer)
      @Public()
      outer!: Outer;

      @Column(() => Outer)
      @Secret()
      hidden!: Outer;

      @Column('jsonb')
      @Public()
      settings!: object;

      @Column('hstore')
      @Public()
      tags!: object;

      @Column('simple-json')
      @Public({ keys: ['theme'] })
      named!: object;

      @Column('json')
      @Secret()
      secret!: object;
    }
    const found = await findingsOf(Nesting, Unaudited);
    expect(found.code).toBe('PIKAIA_AUDIT_FIELD_POLICY_MISSING');
    expect(namesIn(found, Nesting)).toEqual([
      'Nesting.outer.inner.country_id',
      'Nesting.outer.inner.token',
      'Nesting.settings',
      'Nesting.tags',
    ]);
  });

  it('refuses a policy on a relation that is not a loaded many-to-many relation, whether eager, lazy or to the same entity', async () => {
    @Entity()
    class Badge extends Base {
      @ManyToOne(() => Related)
      related!: object;
    }
    class Within {
      @Public()
      @ManyToOne(() => Badge, { eager: true })
      badge!: Badge;

      @Public()
      @Column('uuid', { name: 'badgeId' })
      badgeId!: string;
    }
    @Entity()
    @Tree('materialized-path')
    @AuditedEntity({ type: 'related' })
    class Related extends Base {
      @Public()
      @ManyToOne(() => Badge, { eager: true })
      @JoinColumn({ name: 'owner_id' })
      owner!: Badge;

      @Public()
      @Column('uuid', { name: 'owner_id' })
      ownerId!: string;

      @Personal('ownerId')
      @OneToMany(() => Badge, 'related', { lazy: true })
      badges!: Promise<Badge[]>;

      @Secret()
      @ManyToMany(() => Badge)
      @JoinTable()
      many!: Badge[];

      @Public()
      @ManyToMany(() => Badge, { lazy: true })
      @JoinTable()
      lazyMany!: Promise<Badge[]>;

      @Public()
      @OneToOne(() => Related)
      @JoinColumn({ name: 'twin_id' })
      twin!: object;

      @Public()
      @Column('uuid', { name: 'twin_id' })
      twinId!: string;

      @Public()
      @TreeParent()
      parent!: object;

      @Public()
      @Column('uuid')
      parentId!: string;

      @TreeChildren()
      children!: object[];

      @Column(() => Within)
      within!: Within;
    }
    const found = await findingsOf(Related, Badge);
    expect(found.code).toBe('PIKAIA_AUDIT_FIELD_POLICY_INVALID');
    expect(namesIn(found, Related)).toEqual(
      ['badges', 'lazyMany', 'owner', 'parent', 'twin', 'within.badge'].map((property) => `Related.${property}`),
    );
    expect(found.message).toMatch(/Related\.owner: remove the policy.*declare the join column as a separate property/);
  });

  it('refuses an owner whose property does not exist or whose id is not public', async () => {
    class Contact {
      @Column('text')
      @Personal('userID')
      phone!: string;

      @Column('text')
      @Personal('userId')
      fax!: string;
    }
    @Entity()
    @AuditedEntity({ type: 'wrong', person: 'usrId', label: 'nickname' })
    class Wrong extends Base {
      @Column('uuid')
      @Public()
      userId!: string;

      @Column('text')
      @Personal('email')
      email!: string;

      @Column('text')
      @Personal('code')
      name!: string;

      @Column('text')
      @Secret()
      code!: string;

      @Column('text')
      @Personal('reader')
      note!: string;

      get reader(): string {
        return this.userId;
      }

      @Column(() => Contact)
      contact!: Contact;
    }
    const found = await findingsOf(Wrong);
    expect(found.code).toBe('PIKAIA_AUDIT_FIELD_POLICY_INVALID');
    expect(namesIn(found, Wrong)).toEqual(
      ['contact.phone', 'email', 'name', 'nickname', 'usrId'].map((property) => `Wrong.${property}`),
    );
  });

  it.each<[string, Partial<AuditedEntityOptions>]>([
    ['id', { id: 'token' }],
    ['person', { person: 'token' }],
    ['label', { person: 'self', label: 'token' }],
  ])('refuses a secret property as the %s of an entity', async (_what, options) => {
    @Entity()
    @AuditedEntity({ type: 'secretive', ...options })
    class Secretive extends Base {
      @Column('text')
      @Secret()
      token!: string;
    }
    expect(await findingsOf(Secretive)).toMatchObject({
      code: 'PIKAIA_AUDIT_FIELD_POLICY_INVALID',
      message: expect.stringContaining('Secretive.token'),
    });
  });

  it.each<[string, Partial<AuditedEntityOptions>, RegExp | undefined]>([
    ['names no id', {}, /Seat: the primary key has several columns.*\{ id: \['id', 'row'\] \}/],
    ['names an empty list', { id: [] }, /Seat: the list of properties of the id is empty/],
    ['names a property that does not exist', { id: ['id', 'rowe'] }, /Seat\.rowe: @AuditedEntity names it in the id/],
    ['is the person', { id: ['id', 'row'], person: 'self' }, /Seat: an entity that is the person needs an id of one property/],
    ['names its whole key', { id: ['id', 'row'] }, undefined],
    ['names a property that is unique alone', { id: 'id' }, undefined],
  ])('checks the key of several columns of an entity that %s', async (_what, options, message) => {
    @Entity()
    @AuditedEntity({ type: 'seat', ...options })
    class Seat extends Base {
      @PrimaryColumn('int')
      @Public()
      row!: number;
    }
    const source = await sourceOf(Seat);
    const check = expect(() => checkFieldPolicies(source));
    if (!message) return check.not.toThrow();
    check.toThrow(
      expect.objectContaining({ code: 'PIKAIA_AUDIT_FIELD_POLICY_INVALID', message: expect.stringMatching(message) }),
    );
  });

  it('refuses two fields with the same name, arrays of embedded objects, and embedded objects of an EntitySchema', async () => {
    class Part {
      @Column('text', { name: 'a' })
      @Public()
      a!: string;
    }
    @Entity()
    @AuditedEntity({ type: 'doubled' })
    class Doubled extends Base {
      @Column(() => Part)
      part!: Part;

      @Column('text', { name: 'part.a' })
      @Public()
      other!: string;

      @Column(() => Part, { array: true })
      parts!: Part[];
    }
    const found = await findingsOf(Doubled);
    expect(found.code).toBe('PIKAIA_AUDIT_FIELD_POLICY_INVALID');
    expect(found.message).toMatch(/Doubled: two fields would be recorded as part\.a;/);
    expect(found.message).toMatch(/Doubled\.parts: an array/);

    @AuditedEntity({ type: 'schema' })
    class Plain {
      @Public()
      id!: string;

      @Public()
      part!: Part;

      @Public()
      settings!: object;
    }
    const partSchema = new EntitySchema<Part>({ name: 'part', columns: { a: { type: 'text' } } });
    const schema = new EntitySchema<Plain>({
      name: 'Plain',
      target: Plain,
      columns: { id: { type: 'uuid', primary: true }, settings: { type: 'jsonb' } },
      embeddeds: { part: { schema: partSchema } },
    });
    expect((await findingsOf(schema as EntitySchema)).message).toMatch(
      /Plain\.settings \(JSON\).*Plain\.part: declare the embedded class/s,
    );
  });

  it('accepts policies inherited from an abstract base, a parent in the same table, or the base of an embedded class', async () => {
    class PartBase {
      @Column('text')
      @Public()
      base!: string;
    }
    class Part extends PartBase {
      @Column('text')
      @Secret()
      own!: string;
    }
    @Entity()
    @TableInheritance({ column: { type: 'text', name: 'kind' } })
    @AuditedEntity({ type: 'parent' })
    class Parent extends Base {
      @Column(() => Part)
      part!: Part;
    }
    @ChildEntity()
    class Child extends Parent {
      @Column('text')
      @Secret()
      own!: string;

      @Column(() => Part)
      more!: Part;
    }
    const source = await sourceOf(Parent, Child);
    expect(() => checkFieldPolicies(source)).not.toThrow();

    @ChildEntity()
    class Careless extends Parent {
      @Column('text')
      forgotten!: string;
    }
    expect(namesIn(await findingsOf(Parent, Child, Careless), Careless)).toEqual(['Careless.forgotten']);
  });
});

/** The distinct property paths of the entity in the message. */
const namesIn = ({ message }: { message: string }, entity: Function): string[] =>
  [...new Set(message.match(new RegExp(`${entity.name}[.][\\w.]*\\w`, 'g')))].sort();

async function findingsOf(...entities: (Function | EntitySchema)[]): Promise<{ code: string; message: string }> {
  try {
    checkFieldPolicies(await sourceOf(...entities));
  } catch (error) {
    return error as { code: string; message: string };
  }
  return { code: 'none', message: '' };
}
