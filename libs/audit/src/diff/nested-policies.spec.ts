import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Column, Entity, ManyToOne, PrimaryColumn } from 'typeorm';
import { alice } from '../../../../test/support/audit/audit.application.js';
import { sealEntry } from '../entry/entry.js';
import { personalRows } from '../record/personal.js';
import { AuditedEntity } from './audited-entity.decorator.js';
import { diff } from './diff.js';
import { Personal, Public, Secret } from './field-policy.decorator.js';
import { snapshot } from './snapshot.js';

class Access {
  @Secret()
  @Column('text')
  token = 'first token';

  @Public()
  @Column('text', { name: 'granted_by' })
  grantedBy = 'support';
}

class Address {
  @Personal('userId')
  @Column('text')
  street = '1 High Street';

  @Public()
  @Column('text')
  country = 'GB';

  @Public()
  @Column(() => Access)
  access = new Access();

  @Column('text')
  undeclared = 'never recorded';
}

@AuditedEntity({ type: 'customer' })
@Entity()
class Customer {
  @Public()
  @PrimaryColumn('uuid')
  id = 'customer-1';

  @Public()
  @Column('int', { name: 'user_id' })
  userId: number | bigint | string = 'user-1';

  @Public()
  @Column(() => Address)
  address: Address | null = new Address();
}

describe('diff of an entity with embedded objects', () => {
  it('applies the policies of the embedded class at every depth and records dotted names', () => {
    expect(diff(null, new Customer())).toEqual({
      changed: ['address.access.granted_by', 'address.access.token', 'address.country', 'address.street', 'id', 'user_id'],
      old: null,
      new: {
        id: 'customer-1',
        user_id: 'user-1',
        'address.access.granted_by': 'support',
        'address.country': 'GB',
        'address.street': { personal: 'user-1' },
      },
      personal: new Map([['user-1', { old: {}, new: { 'address.street': '1 High Street' } }]]),
    });
  });

  it('records only the change of a nested secret field, never its value', () => {
    const customer = new Customer();
    const before = snapshot(customer);
    customer.address!.access.token = 'second token';
    expect(diff(before, customer)).toEqual({ changed: ['address.access.token'], old: {}, new: {}, personal: new Map() });
  });

  it('treats an embedded object that is null like one whose fields are null', () => {
    const before = snapshot(new Customer());
    const customer = Object.assign(new Customer(), { address: null });
    expect(diff(before, customer).new).toMatchObject({ 'address.country': null, 'address.access.granted_by': null });
  });

  it.each([
    [42, '42'],
    [42n, '42'],
    ['', 'customer:customer-1'],
  ])('accepts %p as the user id of the owner', (userId, subject) => {
    const changes = diff(null, Object.assign(new Customer(), { userId }));
    expect([...changes.personal.keys()]).toEqual([subject]);
  });

  it('stores a personal embedded object outside the entry without its secrets, and never stores a secret one', () => {
    @AuditedEntity({ type: 'patient', person: 'self' })
    class Patient {
      @Public()
      id = 'patient-1';

      @Personal('self')
      @Column(() => Access)
      clinic = new Access();

      @Secret()
      @Column(() => Access)
      hidden = new Access();
    }
    const changes = diff(null, new Patient());
    expect(changes.new).toEqual({ id: 'patient-1', 'clinic.granted_by': { personal: 'patient-1' } });
    expect(changes.changed).toEqual(['clinic.granted_by', 'clinic.token', 'hidden', 'id']);
    expect(changes.personal.get('patient-1')!.new).toEqual({ 'clinic.granted_by': 'support' });
  });
});

describe('diff of a field that holds an object', () => {
  @AuditedEntity({ type: 'team' })
  class Team {
    @Public()
    id = 'team-1';

    @Public({ keys: ['theme', 'locale'] })
    @Column('jsonb')
    settings: unknown = { theme: 'dark', apiKey: 'key-1' };

    @Public({ keys: 'all' })
    @Column('jsonb')
    limits: unknown = { seats: 5 };

    @Public()
    @Column('text', { transformer: { from: JSON.parse, to: JSON.stringify } })
    note: unknown = 'plain';

    @Public()
    @Column('interval')
    period: unknown = { hours: 1 };

    @Personal('id')
    profile: unknown = null;
  }

  it('records the public keys of a JSON column as fields, and only the change of its other keys', () => {
    const team = new Team();
    const before = snapshot(team);
    expect(diff(null, team).new).toMatchObject({ 'settings.theme': 'dark', limits: { seats: 5 }, period: { hours: 1 } });
    team.settings = { apiKey: 'key-2', theme: 'light' };
    expect(diff(before, team)).toMatchObject({
      changed: ['settings', 'settings.theme'],
      old: { 'settings.theme': 'dark' },
      new: { 'settings.theme': 'light' },
    });
    expect(JSON.stringify(diff(null, team))).not.toContain('key-');
  });

  it.each([null, 'key-3', ['key-3'], [{ theme: 'key-3' }]])(
    'never records the value %j of a column with public keys',
    (settings) => {
      const team = new Team();
      const before = snapshot(team);
      const changes = diff(before, Object.assign(team, { settings }));
      expect(changes).toMatchObject({ changed: ['settings', 'settings.theme'], new: {} });
    },
  );

  it('detects no change if only the order of the other keys differs', () => {
    const before = snapshot(Object.assign(new Team(), { settings: { a: 1, b: 2 } }));
    expect(diff(before, Object.assign(new Team(), { settings: { b: 2, a: 1 } })).changed).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['an object', { hidden: 'secret value' }],
    ['a list of objects', [{ hidden: 'secret value' }]],
    ['a map', new Map([['hidden', 'secret value']])],
    ['an object with policies', new Access()],
  ])('records %s only as changed if the policy names no keys', (_what, note) => {
    const changes = diff(snapshot(new Team()), Object.assign(new Team(), { note }));
    expect(changes).toMatchObject({ changed: ['note'], old: { note: 'plain' }, new: {} });
  });

  it('records strings, lists of strings, dates and values that serialize to strings unchanged', () => {
    const url = new URL('https://example.com/');
    for (const [note, recorded] of [
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
      [new Date(0), '1970-01-01T00:00:00.000000Z'],
      [url, 'https://example.com/'],
    ]) {
      expect(diff(null, Object.assign(new Team(), { note })).new).toMatchObject({ note: recorded });
    }
  });

  it.each(['limits', 'profile'])('never records a whole value that contains an object with policies: %s', (property) => {
    class Token extends Access {
      toJSON(): string {
        return this.token;
      }
    }
    const team = Object.assign(new Team(), { [property]: { deep: [new Token()] } });
    const changes = diff(null, team);
    expect(changes.changed).toContain(property);
    expect(changes.new).not.toHaveProperty(property);
    expect(JSON.stringify([...changes.personal])).not.toContain('token');
  });

  it('creates a diff although a getter throws', () => {
    class Broken {
      @Public()
      get id(): string {
        throw new Error('no');
      }
    }
    expect(diff(null, new Broken()).new).toEqual({ id: '[unreadable]' });
  });

  it('refuses an object without a class', () => {
    for (const value of [Object.create(null) as object, { a: 1 }, []]) {
      expect(() => snapshot(value)).toThrow(expect.objectContaining({ code: 'PIKAIA_AUDIT_FIELD_POLICY_MISSING' }));
    }
  });
});

type Policy = 'public' | 'personal' | 'secret';
/** The ways in which a property holds an object: embedded, relation, JSON, or unmapped. */
type Holder = 'embedded' | 'relation' | 'json' | 'list' | 'plain';
type Shape = { policy: Policy; holder: Holder; fields: Shape[] } | { policy: Policy };

const policy = fc.constantFrom<Policy>('public', 'personal', 'secret');
const { shape } = fc.letrec<{ shape: Shape; node: Shape; leaf: Shape }>((tie) => ({
  shape: fc.oneof({ depthSize: 'small', maxDepth: 4 }, tie('leaf'), tie('node')),
  leaf: fc.record({ policy }),
  node: fc.record({
    policy,
    holder: fc.constantFrom<Holder>('embedded', 'relation', 'json', 'list', 'plain'),
    fields: fc.array(tie('shape'), { minLength: 1, maxLength: 4 }),
  }),
}));

const decorators = { public: () => Public({ keys: 'all' }), personal: () => Personal('owner'), secret: () => Secret() };

/** Creates an object whose class has these fields. Each value names the strictest policy on its path, such as `secret value`. */
function build(fields: readonly Shape[], strictest: Policy): object {
  class Made {}
  const made = new Made() as Record<string, unknown>;
  fields.forEach((field, index) => {
    const property = `field${index}`;
    const inner = [strictest, field.policy].includes('secret')
      ? 'secret'
      : [strictest, field.policy].includes('personal')
        ? 'personal'
        : 'public';
    decorators[field.policy]()(Made.prototype, property);
    if (!('fields' in field)) {
      made[property] = `${inner} value`;
      Column('text')(Made.prototype, property);
      return;
    }
    const value = build(field.fields, inner);
    made[property] = field.holder === 'list' ? [value] : value;
    if (field.holder === 'embedded') Column(() => value.constructor)(Made.prototype, property);
    if (field.holder === 'relation') ManyToOne(() => value.constructor, { eager: true })(Made.prototype, property);
    if (field.holder === 'json' || field.holder === 'list') Column('jsonb')(Made.prototype, property);
  });
  return made;
}

it('never puts secret or personal values into the entry, nor secrets into personal rows, for entities of any shape', () => {
  let embeddedValues = 0;
  fc.assert(
    fc.property(fc.array(shape, { minLength: 1, maxLength: 5 }), (fields) => {
      const entity = Object.assign(build(fields, 'public'), { id: 'entity-1', owner: 'owner-1' });
      Public()(entity.constructor.prototype as object, 'id');
      Public()(entity.constructor.prototype as object, 'owner');
      AuditedEntity({ type: 'made' })(entity.constructor);
      const changes = diff(null, entity);
      const aggregate = { type: 'made', id: 'entity-1' };
      const rows = personalRows({ actor: alice, request: undefined, aggregate, diff: changes.personal }, randomBytes);
      const { text } = sealEntry({
        id: '1',
        action: 'made.created',
        actor: { type: alice.type, id: alice.id },
        aggregate,
        organization_id: 'o',
        correlation_id: 'c',
        changed: changes.changed,
        diff: { old: changes.old, new: changes.new },
        personal: Object.fromEntries(rows.map((row) => [row.subject, row.hash])),
      });
      expect(text).not.toMatch(/secret value|personal value/);
      const beside = rows.map((row) => row.fields).join();
      expect(beside).not.toContain('secret value');
      expect([...changes.personal.keys()].filter((subject) => subject !== 'owner-1')).toEqual([]);
      if (Object.entries(changes.new!).some(([name, value]) => name.includes('.') && value === 'public value')) embeddedValues++;
    }),
    { numRuns: 500 },
  );
  expect(embeddedValues).toBeGreaterThan(0); // otherwise the property would hold because nothing is recorded
});
