import { Description, IsText, IsTimestamp, OptionalField } from '@pikaia/core';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsLatLong, IsString, ValidateNested } from 'class-validator';
import { requestSchema } from './request.schema.js';

class Item {
  @Description('The time.')
  @IsTimestamp()
  at!: string;
}

class Base {
  @OptionalField()
  @IsIn(['a', 'b'])
  kind: string = 'a';
}

class Example extends Base {
  @Description('The name.')
  @IsText({ min: 1, max: 5 })
  name!: string;

  @ValidateNested()
  @Type(() => Item)
  item!: Item;

  @OptionalField()
  @IsArray()
  @ArrayMaxSize(2)
  @IsString({ each: true })
  tags?: string[];

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Item)
  items!: Item[];
}

describe('requestSchema', () => {
  it('describes the rules of a class, of its base class and of the classes inside it', () => {
    const item = {
      $id: 'Item',
      type: 'object',
      properties: { at: { description: 'The time.', type: 'string', format: 'date-time' } },
      required: ['at'],
      additionalProperties: false,
    };
    expect(requestSchema(Example)).toEqual({
      $id: 'Example',
      type: 'object',
      properties: {
        kind: { type: 'string', enum: ['a', 'b'], default: 'a' },
        name: { description: 'The name.', type: 'string', minLength: 1, maxLength: 5 },
        item,
        tags: { type: 'array', maxItems: 2, items: { type: 'string' } },
        items: { type: 'array', items: item },
      },
      required: ['name', 'item', 'items'],
      additionalProperties: false,
    });
  });

  it('refuses a rule without a schema, and names it', () => {
    class Planted {
      @IsLatLong()
      place!: string;
    }
    expect(() => requestSchema(Planted)).toThrow('The rule isLatLong has no schema');
  });
});
