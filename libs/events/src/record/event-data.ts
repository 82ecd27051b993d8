import { PikaiaError } from '@pikaia/core';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import type { Contract } from '../contract/domain-event.js';

/**
 * Converts event data to plain JSON and validates it against the contract's class. Rejects fields that the class does not
 * declare.
 *
 * @throws PikaiaError `PIKAIA_EVENT_INVALID`. The message names the contract and the path and rule of each invalid field. It
 * never contains a value.
 */
export function checkData(contract: Contract, data: unknown): object {
  const plain = toPlainJson(contract, data);
  const problems = validateSync(plainToInstance(contract.data, plain), {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  }).flatMap((error) => problemsOf(error));
  if (problems.length) throw invalidEvent(contract, problems);
  return plain;
}

function toPlainJson(contract: Contract, data: unknown): object {
  let plain: unknown;
  try {
    plain = JSON.parse(JSON.stringify(data) ?? 'null');
  } catch (cause) {
    throw invalidEvent(contract, ['it cannot be serialized as JSON, for example because of a cycle or a bigint'], cause);
  }
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) throw invalidEvent(contract, ['it must be an object']);
  return plain;
}

/** Returns one text for each broken rule, for example `invited_by.email breaks isEmail (email must be an email)`. */
function problemsOf({ property, constraints = {}, children = [], value }: ValidationError, parent = ''): string[] {
  const path = /^\d+$/.test(property) && parent ? `${parent}[${property}]` : [parent, property].filter(Boolean).join('.');
  return [
    ...Object.entries(constraints).map(
      ([rule, message]) => `${path || 'data'} breaks ${rule}${explain(message, property, value)}`,
    ),
    ...children.flatMap((child) => problemsOf(child, path)),
  ];
}

/**
 * Returns the validation message in parentheses. Omits a message that quotes the value, as a custom message with `$value` does.
 */
function explain(message: string, property: string, value: unknown): string {
  const quotes = ['string', 'number', 'boolean'].includes(typeof value) && message.replace(property, '').includes(String(value));
  return quotes ? '' : ` (${message})`;
}

const invalidEvent = (contract: Contract, problems: string[], cause?: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_EVENT_INVALID',
    `The data of ${contract.type} version ${contract.version} violates its contract ${contract.data.name}: ${problems.join('; ')}.`,
    { cause },
  );
