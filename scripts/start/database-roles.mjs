import { PlainError } from './plain-error.mjs';

const REFUSED = /^28/; // SQLSTATE class: invalid authorization

/**
 * The connection strings of api and worker. Roles belong to the cluster and may be older than this folder: a generated
 * password that does not open them is not forced upon them, their own strings are asked for.
 */
export async function processUrls({ ownerUrl, roles, passwords, given }) {
  return {
    api: given.api || (await generated('API_DATABASE_URL', ownerUrl, roles.api, passwords.api)),
    worker: given.worker || (await generated('WORKER_DATABASE_URL', ownerUrl, roles.worker, passwords.worker)),
  };
}

async function generated(setting, ownerUrl, role, password) {
  const url = new URL(ownerUrl);
  [url.username, url.password] = [role, password];
  if (url.username === role && (await opens(url.href))) return url.href;
  throw new PlainError(
    `The database role ${role} was not made by this folder's npm start, so its password is not known here. Set ${setting}, such as postgres://${role}:<password>@${url.host || '<host>'}${url.pathname}, or drop the role.`,
  );
}

async function opens(connectionString) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (REFUSED.test(error.code)) return false;
    throw error;
  } finally {
    await client.end();
  }
}
