import type { RoleNames } from '@pikaia/database';
import { PlainError } from './plain-error.ts';

const INVALID_AUTHORIZATION = /^28/; // SQLSTATE class

interface ProcessRoles {
  readonly ownerUrl: string;
  readonly roles: Pick<RoleNames, 'api' | 'worker'>;
  readonly passwords: { readonly api: string; readonly worker: string };
  /** The connection strings that the environment sets. */
  readonly given: { readonly api?: string | undefined; readonly worker?: string | undefined };
}

/**
 * The connection strings of api and worker: those of the environment, else generated ones. Roles belong to the cluster and
 * can be older than this folder. If a generated password does not work, this does not change the password of the role. It
 * throws an error that asks for the connection string.
 */
export async function processUrls({ ownerUrl, roles, passwords, given }: ProcessRoles) {
  return {
    api: given.api || (await generatedUrl('API_DATABASE_URL', ownerUrl, roles.api, passwords.api)),
    worker: given.worker || (await generatedUrl('WORKER_DATABASE_URL', ownerUrl, roles.worker, passwords.worker)),
  };
}

async function generatedUrl(setting: string, ownerUrl: string, role: string, password: string): Promise<string> {
  const url = new URL(ownerUrl);
  [url.username, url.password] = [role, password];
  if (url.username === role && (await canConnect(url.href))) return url.href;
  throw new PlainError(
    `npm start in this folder did not create the database role ${role}, so it does not know the password. Set ${setting}, such as postgres://${role}:<password>@${url.host || '<host>'}${url.pathname}, or drop the role.`,
  );
}

async function canConnect(connectionString: string): Promise<boolean> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (INVALID_AUTHORIZATION.test((error as { code?: string }).code ?? '')) return false;
    throw error;
  } finally {
    await client.end();
  }
}
