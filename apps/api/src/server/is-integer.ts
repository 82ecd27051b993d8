import { applyDecorators } from '@nestjs/common';
import { ConvertText, parseInteger } from '@pikaia/core';
import { ValidateBy } from 'class-validator';

const isInteger = (min: number, max: number, form = ''): PropertyDecorator =>
  ValidateBy({
    name: 'isIntegerBetween',
    constraints: [min, max],
    validator: {
      validate: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
      defaultMessage: () => `$property must be an integer from ${min} to ${max}${form}`,
    },
  });

/** Accepts an integer of a JSON body. */
export const IsIntegerBetween = (min: number, max: number): PropertyDecorator => isInteger(min, max);

/** Accepts an integer of a query string, which must be written in decimal digits, and converts it to a number. */
export const IsQueryInteger = (min: number, max: number): PropertyDecorator =>
  applyDecorators(ConvertText(parseInteger), isInteger(min, max, ', in decimal digits'));
