import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** All that the running system keeps: database, secrets, keys, e-mails, logs. Absolute. */
export const varDirectory = join(root, 'var');

export const makeVarDirectory = () => mkdirSync(varDirectory, { recursive: true });
