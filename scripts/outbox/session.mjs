import { findOperator, sessionOf } from '../explain/viewer.mjs';
import { PlainError } from '../start/plain-error.mjs';
import { runningOrExit } from '../start/running-or-exit.mjs';
import { ApiClient } from './api.client.mjs';

/** The api that the options name: the one that runs from this folder, as an operator, or another. */
export async function connect({ url, token = process.env.PIKAIA_TOKEN, email }) {
  if (url) {
    if (!token) throw new PlainError('--url needs a session as well: --token, or PIKAIA_TOKEN in the environment.');
    return new ApiClient(url, token);
  }
  const { ports, databaseUrls } = runningOrExit();
  const who = email ?? (await findOperator(databaseUrls.owner));
  if (!who) throw new PlainError('There is no operator whose session could be used: name somebody with --email.');
  return new ApiClient(`http://127.0.0.1:${ports.api}`, await sessionOf(databaseUrls.owner, who));
}
