type Method = (...values: never) => unknown;
/** Text or a number can also have a brand, such as `string & { readonly brand: 'MemberId' }`, which is not stored. */
type Primitive = string | number | bigint | boolean;
type FieldName<Declared> = Declared extends unknown ? keyof Declared : never;
type Field<Declared, Name> = Declared extends unknown ? (Name extends keyof Declared ? Declared[Name] : never) : never;

/**
 * Makes each field of `Given` that `Declared` does not have the type `never`, at any depth. TypeScript itself refuses such fields
 * only in an object literal, and `publish` would refuse them when it runs.
 */
export type ExactData<Declared, Given> = unknown extends Declared
  ? unknown
  : Given extends readonly (infer GivenItem)[]
    ? NonNullable<Declared> extends readonly (infer Item)[]
      ? readonly ExactData<Item, GivenItem>[]
      : unknown
    : Given extends Date | Method | Primitive
      ? unknown
      : Given extends object
        ? ExactFields<NonNullable<Declared>, Given>
        : unknown;

type ExactFields<Declared, Given> = [FieldName<Declared>] extends [never]
  ? unknown
  : {
      readonly [Name in keyof Given]: Name extends FieldName<Declared>
        ? ExactData<Field<Declared, Name>, Given[Name]>
        : Given[Name] extends Method
          ? unknown
          : never;
    };
