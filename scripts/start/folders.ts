import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The absolute path of the folder with all data of the running system: database, secrets, keys, emails, logs. */
export const varDirectory = join(root, 'var');

export const makeVarDirectory = () => mkdirSync(varDirectory, { recursive: true });
