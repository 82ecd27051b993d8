/** A JSON Schema, as the contracts of the api have it. */
export interface Schema {
  readonly description?: string;
  readonly $comment?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A field of the data of an event. */
export interface SchemaField {
  /** Its name, after that of the object that contains it. The fields of the items of a list follow `[]`. */
  readonly path: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly isPersonal: boolean;
  readonly description: string;
}

const PERSONAL = 'personal data';

/** Lists the fields of a schema, each object before its own fields. */
export const fieldsOf = (schema: Schema): SchemaField[] => fieldsBelow(schema, schema, '', []);

function fieldsBelow(schema: Schema, root: Schema, prefix: string, open: readonly string[]): SchemaField[] {
  const { properties = {}, required = [] } = resolved(schema, root);
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = prefix + name;
    const { schema: value, isNullable } = withoutNull(field);
    const inner = value.items ?? value;
    const isRecursive = inner.$ref !== undefined && open.includes(inner.$ref);
    return [
      {
        path,
        type: typeOf(value) + (isNullable ? ' or null' : ''),
        isRequired: required.includes(name),
        isPersonal: (field.$comment ?? '').split('; ').includes(PERSONAL),
        description: field.description ?? '',
      },
      ...(isRecursive
        ? []
        : fieldsBelow(
            inner,
            root,
            `${path}${value.items ? '[]' : ''}.`,
            inner.$ref === undefined ? open : [...open, inner.$ref],
          )),
    ];
  });
}

/** The definition that a schema refers to. An unknown reference has no fields. */
const resolved = (schema: Schema, root: Schema): Schema =>
  schema.$ref === undefined ? schema : (root.$defs?.[schema.$ref.replace('#/$defs/', '')] ?? {});

function withoutNull(schema: Schema): { readonly schema: Schema; readonly isNullable: boolean } {
  const others = schema.anyOf?.filter(({ type }) => type !== 'null');
  if (others && others.length < schema.anyOf!.length) return { schema: { ...schema, ...others[0] }, isNullable: true };
  return { schema, isNullable: false };
}

/** Writes a type in words. The api describes each pattern in `$comment`. */
function typeOf(schema: Schema): string {
  const values = schema.const === undefined ? schema.enum : [schema.const];
  if (values) return values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' or ');
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'any values'}`;
  const described = (schema.$comment ?? '')
    .split('; ')
    .filter((part) => part !== PERSONAL && part !== '')
    .join('; ');
  if (described !== '') return described;
  if (schema.type === 'string') return schema.pattern === undefined ? 'text' : `text that matches ${schema.pattern}`;
  if (schema.type === undefined) return schema.$ref === undefined ? 'any value' : 'object';
  return [
    schema.type,
    ...(schema.minimum === undefined ? [] : [`at least ${schema.minimum}`]),
    ...(schema.maximum === undefined ? [] : [`at most ${schema.maximum}`]),
  ].join(', ');
}
