import { contractOf, DomainEvent, OptionalField } from '@pikaia/events';
import * as rules from 'class-validator';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkContracts } from '../../libs/events/src/schema/check-contracts.js';
import { contractFiles } from '../../libs/events/src/schema/contract.files.js';
import { describeContracts, type DescribedContract } from '../../libs/events/src/schema/described.contract.js';

const guide = readFileSync(resolve(__dirname, '../../docs/guides/contract-files.md'), 'utf8');
const { IsIn, IsInt, IsOptional, IsString, Matches, Max, NotEquals } = rules;

type Fields = Readonly<Record<string, readonly PropertyDecorator[]>>;

const ORDER: Fields = {
  number: [Matches(/^[0-9]{8}$/)],
  total_cents: [IsInt(), Max(1_000_000), NotEquals(0)],
  status: [IsIn(['paid', 'open'])],
  note: [OptionalField(), IsString()],
  coupon: [IsOptional(), IsString()],
};

let count = 0;
function describeOrder(fields: Fields, source?: string): DescribedContract[] {
  class Order {}
  for (const [name, decorators] of Object.entries(fields)) for (const decorate of decorators) decorate(Order.prototype, name);
  const example = {
    number: '20260131',
    total_cents: 1999,
    status: 'paid',
    currency: 'EUR',
    ...(fields['note']?.length === 1 && { note: 'Ring twice.' }),
  };
  const data = Object.fromEntries(Object.entries(example).filter(([name]) => fields[name]));
  DomainEvent(`order.placed_${count++}`, { version: 1, aggregate: 'order', example: data, ...(source && { source }) })(Order);
  const [{ contract, ...described }] = describeContracts([contractOf(Order)], []) as [DescribedContract];
  return [{ ...described, contract: { ...contract, type: 'order.placed' } }];
}

const without = (fields: Fields, name: string): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([other]) => other !== name));

const CHANGES: readonly [string, Fields, string?][] = [
  ['required-field-added', { ...ORDER, currency: [IsIn(['EUR'])] }],
  ['field-removed', without(ORDER, 'total_cents')],
  ['field-made-required', { ...ORDER, note: [IsString()] }],
  ['field-made-optional', { ...ORDER, total_cents: [OptionalField(), ...ORDER['total_cents']!] }],
  ['null-accepted', { ...ORDER, note: [IsOptional(), IsString()] }],
  ['null-refused', { ...ORDER, coupon: [OptionalField(), IsString()] }],
  ['type-changed', { ...ORDER, note: [OptionalField(), IsInt()] }],
  ['value-added', { ...ORDER, status: [IsIn(['paid', 'open', 'refunded'])] }],
  ['value-removed', { ...ORDER, status: [IsIn(['paid'])] }],
  ['limit-tightened', { ...ORDER, total_cents: [IsInt(), Max(5_000), NotEquals(0)] }],
  ['limit-loosened', { ...ORDER, total_cents: [IsInt(), NotEquals(0)] }],
  ['pattern-changed', { ...ORDER, number: [Matches(/^[A-Z0-9]{8}$/)] }],
  ['rule-changed', { ...ORDER, total_cents: [IsInt(), Max(1_000_000)] }],
  ['aggregate-or-source-changed', ORDER, 'shop.orders'],
];

const title = 'Orders';
const published = { origin: 'the last commit', files: contractFiles(describeOrder(ORDER), title) };
const check = (described: readonly DescribedContract[]) =>
  checkContracts(described, published, { folder: 'contracts', title }).refusals;

describe('docs/guides/contract-files.md', () => {
  it.each(CHANGES)('shows the message that refuses the change %s', (...[rule, fields, source]) => {
    const refusals = check(describeOrder(fields, source));
    expect(refusals).toEqual([expect.stringContaining(`: ${rule}. `)]);
    expect(guide).toContain(refusals[0]);
  });

  it('shows the message that refuses to remove a version', () => {
    const [refusal, ...more] = check([]);
    expect(refusal).toContain(': version-removed. ');
    expect(more).toEqual([]);
    expect(guide).toContain(refusal);
  });

  it('allows a new optional field', () => {
    expect(check(describeOrder({ ...ORDER, currency: [OptionalField(), IsIn(['EUR'])] }))).toEqual([]);
  });
});
