import { Injectable } from '@nestjs/common';
import { newId } from '@pikaia/core';
import { currentManager, queryJsonRows } from '@pikaia/database';
import { newEndpointSecret, SecretCipher } from '@pikaia/webhooks';
import { Problem } from '../errors/problem.js';
import { DELETE_ENDED_SECRETS, DELETE_SECRETS, END_SECRETS, FIND_LAST_END, INSERT_SECRET } from './endpoint-secrets.sql.js';

const MAX_REPLACED_SECRETS = 5; // each signs every attempt, which costs CPU of the worker and a longer header

/** The signing secrets of endpoints, in the table webhook_secret. Call it in a transaction that holds the lock of the endpoint. */
@Injectable()
export class EndpointSecrets {
  constructor(private readonly cipher: SecretCipher) {}

  /** Creates the current secret of an endpoint that has none. */
  async create(endpointId: string): Promise<string> {
    const secret = newEndpointSecret();
    const { keyId, ciphertext } = this.cipher.encrypt(secret, endpointId);
    await currentManager().query(INSERT_SECRET, [newId(), endpointId, keyId, ciphertext]);
    return secret;
  }

  /**
   * Replaces the secret. All earlier secrets sign for at most `overlapHours` more.
   *
   * @returns also the time at which the last one ends.
   * @throws Problem 409 if too many replaced secrets would sign.
   */
  async rotate(endpointId: string, overlapHours: number): Promise<{ secret: string; expiresAt: Date }> {
    const manager = currentManager();
    await manager.query(END_SECRETS, [endpointId, overlapHours]);
    const [last] = await queryJsonRows<{ expires_at: Date; signing: number }>(
      manager,
      FIND_LAST_END,
      [endpointId],
      ['expires_at'],
    );
    if (last!.signing > MAX_REPLACED_SECRETS)
      throw Problem.conflict(
        `At most ${MAX_REPLACED_SECRETS} replaced secrets can sign. Wait until one has ended, or use overlap_hours 0.`,
      );
    await manager.query(DELETE_ENDED_SECRETS, [endpointId]);
    return { secret: await this.create(endpointId), expiresAt: last!.expires_at };
  }

  async deleteAll(endpointId: string): Promise<void> {
    await currentManager().query(DELETE_SECRETS, [endpointId]);
  }
}
