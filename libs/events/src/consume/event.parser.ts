import { PikaiaError } from '@pikaia/core';
import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import type { Contract } from '../contract/domain-event.js';
import type { DeliveredEvent, Envelope, EventOf } from '../contract/envelope.js';

/**
 * A stored envelope as its consumer gets it, `data` an instance of the contract's class. Fields that the class does not
 * know pass: a newer publisher may have added them.
 *
 * @throws PikaiaError `PIKAIA_EVENT_UNREADABLE` when the envelope is no JSON or breaks the contract's rules; names the
 * fields, never their values.
 */
export async function parseEvent(
  contract: Contract,
  payload: string,
  added: Pick<DeliveredEvent, 'sequence' | 'replayed'>,
): Promise<EventOf<object>> {
  const envelope = parseEnvelope(contract, payload);
  const data = plainToInstance(contract.data, envelope.data);
  const errors = await validate(data, { forbidUnknownValues: true });
  if (errors.length) {
    throw unreadable(contract, `these fields break its rules: ${errors.map(({ property }) => property).join(', ')}`);
  }
  return { ...envelope, data, ...added };
}

function parseEnvelope(contract: Contract, payload: string): Envelope {
  let envelope: unknown;
  try {
    envelope = JSON.parse(payload);
  } catch (cause) {
    throw unreadable(contract, 'it is no JSON', cause);
  }
  const { data } = (envelope ?? {}) as { data?: unknown };
  if (typeof data !== 'object' || data === null) throw unreadable(contract, 'it has no data');
  return envelope as Envelope;
}

const unreadable = (contract: Contract, why: string, cause?: unknown): PikaiaError =>
  new PikaiaError('PIKAIA_EVENT_UNREADABLE', `This ${contract.type} version ${contract.version} cannot be handled: ${why}.`, {
    cause,
  });
