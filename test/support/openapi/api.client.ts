import createClient, { type Client } from 'openapi-fetch';
import type { paths } from '../../../apps/console/src/api/api.types.js';
import { checkExchange } from './exchange.check.js';

export type ApiClient = Client<paths>;

/** Creates a typed client of the api. Each request and response is checked against docs/openapi.json. */
export const createApiClient = (baseUrl: string, token: string): ApiClient =>
  createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` }, fetch: checkedFetch });

/** @throws Error if the request or the response differs from docs/openapi.json. */
async function checkedFetch(request: Request): Promise<Response> {
  const sent = request.body === null ? undefined : await request.clone().text();
  const response = await fetch(request);
  const { pathname, search } = new URL(request.url);
  const { status, headers } = response;
  checkExchange({
    method: request.method,
    path: pathname + search,
    sent,
    status,
    headers,
    received: await response.clone().text(),
  });
  return response;
}
