import { findOperator, issueSession } from '../explain/viewer.mjs';
import { PlainError } from '../start/plain-error.ts';
import { runningOrExit } from '../start/running.file.ts';
import { ApiClient } from './api.client.mjs';

/** Connects to the API that `--url` names, or, without `--url`, to the one that runs from this folder, as an operator. */
export async function connect({ url, token = process.env.PIKAIA_TOKEN, email }) {
  if (url) {
    if (!token) throw new PlainError('--url also needs a session token. Give --token, or set PIKAIA_TOKEN.');
    return new ApiClient(url, token);
  }
  const { ports, databaseUrls } = runningOrExit();
  const viewerEmail = email ?? (await findOperator(databaseUrls.owner));
  if (!viewerEmail) throw new PlainError('Found no operator. Give a user with --email.');
  return new ApiClient(`http://127.0.0.1:${ports.api}`, await issueSession(databaseUrls.owner, viewerEmail));
}
