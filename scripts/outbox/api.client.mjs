import { PlainError } from '../start/plain-error.ts';

const REQUEST_TIMEOUT_MS = 20_000;

/** Calls the admin API of one system with the session of one user. */
export class ApiClient {
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  get(path) {
    return this.#call('GET', path);
  }

  post(path, body) {
    return this.#call('POST', path, body);
  }

  async #call(method, path, body) {
    const address = new URL(`/api/v1/admin/${path}`, this.url);
    const headers = { authorization: `Bearer ${this.token}`, ...(body && { 'content-type': 'application/json' }) };
    let response;
    try {
      response = await fetch(address, {
        method,
        headers,
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        ...(body && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw new PlainError(`${address.origin} does not respond (${error.cause?.message || error.message}).`);
    }
    const content = await response.json().catch(() => ({}));
    if (response.ok) return content;
    throw new PlainError(`${response.status}: ${content.detail ?? content.title ?? 'no reason given'}`);
  }
}
