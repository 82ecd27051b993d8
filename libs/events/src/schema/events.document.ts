import type { DescribedContract } from './described.contract.js';
import { resolve, withoutNull, type JsonSchema } from './json-schema.js';
import { PERSONAL_COMMENT } from './data.schema.js';
import { describePattern } from './text.patterns.js';

/** Returns the document of all events in Markdown. `folder` is the link from the document to the contract files. */
export function eventsDocument(described: readonly DescribedContract[], folder: string): string {
  const types = [...new Set(described.map(({ contract }) => contract.type))];
  return [
    '# Events',
    '',
    '`pikaia-events check --write` generates this page from the contract classes; do not edit it.',
    '',
    `Each event is an envelope with a type, a version and \`data\`: see [the schema of the envelope](${folder}/envelope.schema.json).`,
    'This page shows the data of each version. A field that is not required can be absent. Ignore fields that you do not know.',
    `[asyncapi.json](${folder}/asyncapi.json) describes the same events for tools.`,
    '',
    '| event | versions | producer | consumers |',
    '| --- | --- | --- | --- |',
    ...types.map((type) => overviewRow(described.filter(({ contract }) => contract.type === type))),
    '',
    ...described.flatMap((each) => section(each, described, folder)),
  ].join('\n');
}

function overviewRow(versions: readonly DescribedContract[]): string {
  const producers = [...new Set(versions.flatMap(({ contract }) => contract.producer ?? []))];
  const consumers = [...new Set(versions.flatMap((each) => each.consumers))];
  const links = versions.map(({ contract }) => `[${contract.version}](#${anchor(contract.type, contract.version)})`);
  return row([`\`${versions[0]!.contract.type}\``, links.join(', '), names(producers), names(consumers)]);
}

const titleOf = (type: string, version: number): string => `${type} version ${version}`;
const anchor = (type: string, version: number): string => titleOf(type, version).replaceAll('.', '').replaceAll(' ', '-');
const names = (list: readonly string[]): string => list.map((name) => `\`${name}\``).join(', ') || 'none';
const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function section(each: DescribedContract, all: readonly DescribedContract[], folder: string): string[] {
  const { contract, schema, example, consumers } = each;
  const file = `${folder}/${contract.type}/v${contract.version}`;
  return [
    `## ${titleOf(contract.type, contract.version)}`,
    '',
    ...(schema.description === undefined ? [] : [schema.description, '']),
    `- Aggregate: \`${contract.aggregate}\``,
    `- Producer: ${producerText(each, all)}`,
    `- Consumers: ${names(consumers)}`,
    `- Files: [schema](${file}.schema.json), [example](${file}.example.json)`,
    '',
    '| field | type | required | personal data | description |',
    '| --- | --- | --- | --- | --- |',
    ...fieldRows(schema, schema, ''),
    '',
    '```json',
    JSON.stringify(example, null, 2),
    '```',
    '',
  ];
}

function producerText({ contract }: DescribedContract, all: readonly DescribedContract[]): string {
  if (contract.producer !== undefined) return `\`${contract.producer}\``;
  const isReplaced = all.some((other) => other.contract.type === contract.type && other.contract.version > contract.version);
  return isReplaced ? 'none; a newer version replaces it' : 'none is declared';
}

function fieldRows(given: JsonSchema, root: JsonSchema, path: string, open: readonly string[] = []): string[] {
  const { properties = {}, required = [] } = resolve(given, root);
  return Object.entries(properties).flatMap(([name, field]) => {
    const at = path + name;
    const { schema, isNullable } = withoutNull(field);
    const text = `${typeText(schema)}${isNullable ? ' or null' : ''}`;
    const personal = field.$comment?.endsWith(PERSONAL_COMMENT) ? 'yes' : 'no';
    const cells = [`\`${at}\``, text, required.includes(name) ? 'yes' : 'no', personal, field.description ?? ''];
    const inner = schema.items ?? schema;
    const isOpen = inner.$ref === undefined || open.includes(inner.$ref);
    return [row(cells), ...(isOpen ? [] : fieldRows(inner, root, `${at}${schema.items ? '[]' : ''}.`, [...open, inner.$ref!]))];
  });
}

function typeText(schema: JsonSchema): string {
  const values = schema.const === undefined ? schema.enum : [schema.const];
  if (values) return values.map((value) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``).join(' or ');
  switch (schema.type) {
    case 'string':
      return [schema.pattern, ...(schema.allOf ?? []).map(({ pattern }) => pattern)]
        .map((each) => textType(each, schema))
        .join(', ');
    case 'integer':
    case 'number':
      return `${schema.type}${range(schema)}`;
    case 'array':
      return `list of ${schema.items ? typeText(schema.items) : 'any values'}`;
    case undefined:
      return 'any value';
    default:
      return schema.type;
  }
}

function textType(pattern: string | undefined, { minLength }: JsonSchema): string {
  if (pattern === undefined) return minLength ? 'text, not empty' : 'text';
  return describePattern(pattern) ?? `text that matches \`${pattern}\``;
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  return [
    minimum !== undefined && `, at least ${minimum}`,
    exclusiveMinimum !== undefined && `, greater than ${exclusiveMinimum}`,
    maximum !== undefined && `, at most ${maximum}`,
    exclusiveMaximum !== undefined && `, less than ${exclusiveMaximum}`,
  ]
    .filter(Boolean)
    .join('');
}
