import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { DATABASE_NAME, DATABASE_PORT } from '../data/data.stack.ts';

// Amazon's certificates, where the image has them.
const CA_FILE = '/etc/ssl/certs/rds-global-bundle.pem';

/** Where the database is. ECS injects keys of a secret, not URLs, so user and password come beside it. */
export const databaseAt = (host: string): Record<string, string> => ({
  DATABASE_HOST: host,
  DATABASE_PORT: String(DATABASE_PORT),
  DATABASE_NAME,
  DATABASE_TLS_CA_FILE: CA_FILE,
});

export const databaseAs = (secret: ISecret): Record<string, ecs.Secret> => ({
  DATABASE_USER: ecs.Secret.fromSecretsManager(secret, 'username'),
  DATABASE_PASSWORD: ecs.Secret.fromSecretsManager(secret, 'password'),
});
