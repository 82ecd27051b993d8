import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PikaiaError } from '@pikaia/core';
import { describeThrown } from '@pikaia/logging';
import type { ConsumerSettings } from './consumer.settings.js';
import { requestTimeouts } from './request-timeouts.js';

const SECRET_TIMEOUT_MS = 2_000; // for one attempt; Lambda limits initialization to ten seconds

/**
 * Reads the secrets that the settings name. Returns them as the environment variables that other processes receive.
 *
 * @throws PikaiaError `PIKAIA_SECRET_UNREADABLE` if a secret cannot be read. The message names the secret, never its content.
 */
export async function readSecrets({ databaseSecretArn, invitationSecretArn }: ConsumerSettings): Promise<Record<string, string>> {
  if (databaseSecretArn === undefined && invitationSecretArn === undefined) return {};
  const client = new SecretsManagerClient({ requestHandler: requestTimeouts(SECRET_TIMEOUT_MS) });
  try {
    const [database, invitation] = await Promise.all(
      [databaseSecretArn, invitationSecretArn].map((arn) => (arn === undefined ? undefined : readSecret(client, arn))),
    );
    return {
      ...(database !== undefined && parseLogin(databaseSecretArn!, database)),
      ...(invitation !== undefined && { INVITATION_SECRET: invitation }),
    };
  } finally {
    client.destroy();
  }
}

async function readSecret(client: SecretsManagerClient, arn: string): Promise<string> {
  try {
    const { SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    if (text) return text;
  } catch (cause) {
    throw unreadableSecretError(arn, describeThrown(cause).summary, cause);
  }
  throw unreadableSecretError(arn, 'it has no text');
}

function parseLogin(arn: string, text: string): Record<string, string> {
  let login: { readonly username?: unknown; readonly password?: unknown } | null;
  try {
    login = JSON.parse(text) as typeof login;
  } catch {
    throw unreadableSecretError(arn, 'it is not JSON'); // without a cause, because the message of the cause quotes the text
  }
  const { username, password } = login ?? {};
  if (typeof username !== 'string' || typeof password !== 'string')
    throw unreadableSecretError(arn, 'its username or password is missing');
  return { DATABASE_USER: username, DATABASE_PASSWORD: password };
}

const unreadableSecretError = (arn: string, why: string, cause?: unknown): PikaiaError =>
  new PikaiaError('PIKAIA_SECRET_UNREADABLE', `The secret ${arn} cannot be used: ${why}.`, { cause });
