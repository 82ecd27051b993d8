import { PikaiaError } from '@pikaia/core';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import type { Contract } from '../contract/domain-event.js';

/**
 * The data as a consumer will read it: through JSON, then checked against the contract's class. Nothing that the class
 * does not declare passes.
 *
 * @throws PikaiaError `PIKAIA_EVENT_INVALID` naming the contract, and of each broken field its path and rule; never a value.
 */
export function checkData(contract: Contract, data: unknown): object {
  const plain = throughJson(contract, data);
  const problems = validateSync(plainToInstance(contract.data, plain), {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  }).flatMap((error) => problemsOf(error));
  if (problems.length) throw invalid(contract, problems);
  return plain;
}

function throughJson(contract: Contract, data: unknown): object {
  let plain: unknown;
  try {
    plain = JSON.parse(JSON.stringify(data) ?? 'null');
  } catch (cause) {
    throw invalid(contract, ['it cannot be written as JSON: no cycles, no bigint'], cause);
  }
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) throw invalid(contract, ['it must be an object']);
  return plain;
}

/** `invited_by.email must be an email (isEmail)`. class-validator's own messages name the field and the rule, no value. */
function problemsOf({ property, constraints = {}, children = [], value }: ValidationError, parent = ''): string[] {
  const path = /^\d+$/.test(property) && parent ? `${parent}[${property}]` : [parent, property].filter(Boolean).join('.');
  return [
    ...Object.entries(constraints).map(
      ([rule, message]) => `${path || 'data'} breaks ${rule}${explain(message, property, value)}`,
    ),
    ...children.flatMap((child) => problemsOf(child, path)),
  ];
}

/** A message of the contract's author may quote the value (`$value`): then the rule's name must do. */
function explain(message: string, property: string, value: unknown): string {
  const quotes = ['string', 'number', 'boolean'].includes(typeof value) && message.replace(property, '').includes(String(value));
  return quotes ? '' : ` (${message})`;
}

const invalid = (contract: Contract, problems: string[], cause?: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_EVENT_INVALID',
    `The data of ${contract.type} version ${contract.version} does not keep its contract ${contract.data.name}: ${problems.join('; ')}.`,
    { cause },
  );
