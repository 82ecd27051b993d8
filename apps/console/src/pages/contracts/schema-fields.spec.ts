import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fieldsOf, type Schema } from './schema-fields.js';

const schemaOf = (event: string): Schema =>
  JSON.parse(readFileSync(resolve(__dirname, `../../../../../contracts/${event}/v1.schema.json`), 'utf8')) as Schema;

it('lists the fields of a contract with types in words, inner fields, and what is required and personal', () => {
  const fields = fieldsOf(schemaOf('member.invited'));
  expect(fields.map(({ path, type, isRequired, isPersonal }) => [path, type, isRequired, isPersonal])).toEqual([
    ['user_id', 'UUID', false, false],
    ['email', 'email address', true, true],
    ['name', 'text of at most 200 characters', false, true],
    ['role', 'member or admin', true, false],
    ['organization_name', 'text of at most 200 characters', true, false],
    ['invited_at', 'timestamp with a time zone (RFC 3339)', false, false],
    ['invited_by', 'object', true, false],
    ['invited_by.id', 'UUID', true, false],
    ['invited_by.name', 'text of at most 200 characters', false, true],
    ['invited_by.email', 'email address', true, true],
  ]);
  expect(fields[0]!.description).toBe('Absent in events of older publishers.');
});

it('describes lists, numbers, constants, values that can be null and definitions that contain themselves', () => {
  const node: Schema = { type: 'object', properties: { next: { type: 'object', $ref: '#/$defs/Node' } } };
  const fields = fieldsOf({
    properties: {
      tags: { type: 'array', items: { type: 'string' } },
      nodes: { type: 'array', items: { type: 'object', $ref: '#/$defs/Node' } },
      count: { type: 'integer', minimum: 0, maximum: 9 },
      kind: { const: 'a' },
      note: { $comment: 'personal data', anyOf: [{ type: 'string' }, { type: 'null' }] },
      code: { type: 'string', pattern: '^a$' },
      any: {},
      lost: { type: 'object', $ref: '#/$defs/Nowhere' },
    },
    $defs: { Node: node },
  });
  expect(fields.map(({ path, type, isPersonal }) => [path, type, isPersonal])).toEqual([
    ['tags', 'list of text', false],
    ['nodes', 'list of object', false],
    ['nodes[].next', 'object', false],
    ['count', 'integer, at least 0, at most 9', false],
    ['kind', 'a', false],
    ['note', 'text or null', true],
    ['code', 'text that matches ^a$', false],
    ['any', 'any value', false],
    ['lost', 'object', false],
  ]);
});
