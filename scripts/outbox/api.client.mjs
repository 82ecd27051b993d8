import { PlainError } from '../start/plain-error.mjs';

const PATIENCE_MS = 20_000;

/** The api of one system, as one person. */
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
    let answer;
    try {
      answer = await fetch(address, {
        method,
        headers,
        signal: AbortSignal.timeout(PATIENCE_MS),
        ...(body && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw new PlainError(`${address.origin} does not answer (${error.cause?.message || error.message}).`);
    }
    const content = await answer.json().catch(() => ({}));
    if (answer.ok) return content;
    throw new PlainError(`${answer.status}: ${content.detail ?? content.title ?? 'no reason was given'}`);
  }
}
