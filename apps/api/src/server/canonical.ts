import { applyDecorators } from '@nestjs/common';
import { canonicalAddress, ConvertText, parseId, TextRule } from '@pikaia/core';

/** A UUID in any spelling: see `parseId`. */
export const ANY_UUID =
  '^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|\\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\\})$';

const isCanonical = (
  name: string,
  canonical: (text: string) => string | undefined,
  problem: string,
  schema: { readonly pattern?: string } = {},
): PropertyDecorator =>
  TextRule(
    name,
    (value) => {
      if (typeof value !== 'string') return 'must be a string';
      return canonical(value) === undefined ? problem : undefined;
    },
    [schema],
  );

/** Converts a UUID in any spelling to the stored one. Other texts stay, because ids of applications are not always UUIDs. */
export const CanonicalId = (): PropertyDecorator => ConvertText(parseId);

/** Accepts a UUID in any spelling and converts it to the stored one. */
export const IsCanonicalId = (): PropertyDecorator =>
  applyDecorators(ConvertText(parseId), isCanonical('isCanonicalId', parseId, 'must be a UUID', { pattern: ANY_UUID }));

/** Accepts an IP address in any spelling and converts it to the stored one. */
export const IsCanonicalAddress = (): PropertyDecorator =>
  applyDecorators(
    ConvertText(canonicalAddress),
    isCanonical('isCanonicalAddress', canonicalAddress, 'must be an IPv4 or IPv6 address'),
  );
