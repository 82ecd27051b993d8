import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { getLogger } from '@pikaia/logging';
import { SecretCipher } from '@pikaia/webhooks';
import type { DataSource } from 'typeorm';
import { FIND_OLD_SECRETS, REENCRYPT_SECRET } from './endpoint-secrets.sql.js';

const logger = getLogger('webhook-endpoints');
const BATCH = 100;

interface OldSecret {
  readonly id: string;
  readonly endpoint_id: string;
  readonly key_id: string;
  readonly ciphertext: string;
}

/**
 * Encrypts the secrets of earlier keys with the first key of WEBHOOK_SECRET_KEYS, when the api has started. Then the earlier keys can be
 * removed. Several processes can do it at once.
 */
@Injectable()
export class SecretReencryption implements OnApplicationBootstrap, OnModuleDestroy {
  private isStopping = false;
  private done: Promise<void> | undefined;

  constructor(
    @InjectDataSource() private readonly source: DataSource,
    private readonly cipher: SecretCipher,
  ) {}

  /** Does not wait for the work, so that the api starts at once. */
  onApplicationBootstrap(): void {
    this.done = this.run().catch((error: unknown) => logger.exception('webhook_secrets_not_reencrypted', error));
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    await this.done;
  }

  /** Encrypts all secrets that can be read. Logs each one whose key is missing, and leaves it. */
  async run(): Promise<void> {
    let count = 0;
    for (let after = ''; !this.isStopping;) {
      const secrets = await this.source.query<OldSecret[]>(FIND_OLD_SECRETS, [this.cipher.keyId, after, BATCH]);
      for (const secret of secrets) if (await this.reencrypt(secret)) count++;
      if (secrets.length < BATCH) break;
      after = secrets.at(-1)!.id;
    }
    if (count > 0) logger.info('webhook_secrets_reencrypted', { 'webhook.reencrypted': count });
  }

  private async reencrypt({ id, endpoint_id: endpointId, key_id: oldKeyId, ciphertext: old }: OldSecret): Promise<boolean> {
    try {
      const secret = this.cipher.decrypt({ keyId: oldKeyId, ciphertext: old }, endpointId);
      const { keyId, ciphertext } = this.cipher.encrypt(secret, endpointId);
      const [, changed] = await this.source.query<[unknown, number]>(REENCRYPT_SECRET, [id, old, keyId, ciphertext]);
      return changed > 0;
    } catch (error) {
      logger.exception('webhook_secret_unreadable', error, { 'webhook.endpoint_id': endpointId });
      return false;
    }
  }
}
