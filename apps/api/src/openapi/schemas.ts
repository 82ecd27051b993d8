import { Type, type Static, type TSchema } from 'typebox';

/** An object without other fields than its properties. With `$id`, the document contains it once, under this name. */
export const Fields: typeof Type.Object = (properties, options = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options });

export const Id = (description: string) =>
  Type.String({ format: 'uuid', description, examples: ['019c12f4-7175-7abc-8504-af03c46f1d1b'] });

export const Text = (description: string, example: string) => Type.String({ description, examples: [example] });

export const Count = (description: string, example = 0) => Type.Integer({ description, examples: [example] });

export const Flag = (description: string, example = false) => Type.Boolean({ description, examples: [example] });

/** One of some texts. */
export const OneOf = <const Values extends readonly [string, ...string[]]>(description: string, values: Values) =>
  Type.Unsafe<Values[number]>({ type: 'string', enum: [...values], description });

/** A `Date` of a handler, which is RFC 3339 text in the response. */
export const Timestamp = (description: string) =>
  Type.Unsafe<Date | string>({ type: 'string', format: 'date-time', description, examples: ['2026-01-31T08:30:00.000Z'] });

/** An object whose fields the document does not describe. */
export const AnyObject = (description: string, example: object = {}) =>
  Type.Unsafe<object>({ type: 'object', description, examples: [example] });

/** A value that can be null. The description of the value applies to both. */
export const OrNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const ListOf = <Schema extends TSchema>(items: Schema, description?: string) =>
  Type.Array(items, description === undefined ? {} : { description });

/** A page of a list. */
export const PageOf = <Schema extends TSchema>(items: Schema) =>
  Fields({
    data: ListOf(items),
    next_cursor: OrNull(Text('The `cursor` of the next page. Null on the last page.', 'eyJhIjoiMSJ9.c2lnbmF0dXJl')),
  });

/** The value that a handler returns for a schema. */
export type Returned<Schema extends TSchema> = DeepReadonly<Static<Schema>>;

type DeepReadonly<Value> = Value extends Date | string | number | boolean | null | undefined
  ? Value
  : Value extends object
    ? { readonly [Field in keyof Value]: DeepReadonly<Value[Field]> }
    : Value;
