import { endpointsOf, readDocument, type ApiDocument, type Endpoint, type Json } from './document.js';
import { SchemaValidator } from './schema.validator.js';

/** A request and its response. */
export interface Exchange {
  readonly method: string;
  /** The whole path with its query. */
  readonly path: string;
  /** The body as it is sent. */
  readonly sent?: string | undefined;
  readonly status: number;
  readonly headers: Headers;
  /** The text of the response. */
  readonly received: string;
}

/** Compares requests and responses with an OpenAPI document. */
export class ExchangeCheck {
  private readonly endpoints: readonly (Endpoint & { readonly pattern: RegExp })[];
  private readonly validator: SchemaValidator;

  constructor(document: ApiDocument) {
    this.validator = new SchemaValidator(document);
    this.endpoints = endpointsOf(document)
      .map((endpoint) => ({ ...endpoint, pattern: new RegExp(`^${endpoint.path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`) }))
      .toSorted((one, other) => parameterCount(one.path) - parameterCount(other.path)); // a literal path comes first
  }

  /** Returns how an exchange differs from the document. A request may be wrong if the response refuses it, or if the api is unavailable. */
  problemsWith(exchange: Exchange): string[] {
    const { method, status } = exchange;
    const [path, query = ''] = exchange.path.split(/\?(.*)/s) as [string, string?];
    const found = this.endpoints.find((endpoint) => endpoint.method === method.toLowerCase() && endpoint.pattern.test(path));
    const isRefused = status >= 400 && status < 500;
    if (!found) return isRefused ? [] : [`the document has no route ${method} ${path}, and the response has status ${status}`];
    const wrongRequest = isRefused || status === 503 ? [] : this.requestProblems(found, path, query, exchange.sent);
    return [
      ...wrongRequest.map((problem) => `the request is not as documented, but has status ${status}: ${problem}`),
      ...this.responseProblems(found, exchange),
    ];
  }

  private requestProblems(
    { operation, path: template, pattern }: Endpoint & { pattern: RegExp },
    path: string,
    query: string,
    sent?: string,
  ): string[] {
    const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
    const values = pattern.exec(path)!.slice(1).map(decodeURIComponent);
    const { parameters = [], requestBody } = operation;
    const given = [
      ...names.map((name, index): [string, string, string] => ['path', name, values[index]!]),
      ...[...new URLSearchParams(query)].map(([name, value]): [string, string, string] => ['query', name, value]),
    ];
    const body = requestBody?.content['application/json']?.schema;
    return [
      ...given.flatMap(([place, name, value]) => {
        const parameter = parameters.find((one) => one.in === place && one.name === name);
        if (!parameter) return [`the document has no ${place} parameter ${name}`];
        return this.validator
          .problemsWith(parsed(value, parameter.schema), parameter.schema)
          .map((problem) => `${name}: ${problem}`);
      }),
      ...(body && sent ? this.validator.problemsWith(JSON.parse(sent), body) : []),
      ...(requestBody?.required && !sent ? ['the body is missing'] : []),
      ...(!requestBody && sent ? ['the document has no body'] : []),
    ];
  }

  private responseProblems({ operation }: Endpoint, { status, headers, received }: Exchange): string[] {
    const response = operation.responses?.[status] ?? operation.responses?.[`${Math.floor(status / 100)}XX`];
    if (!response) return [`the document has no response with status ${status}`];
    const missing = Object.entries(response.headers ?? {}).filter(([name, header]) => header['required'] && !headers.has(name));
    const type = headers.get('content-type')?.split(';')[0];
    const content = response.content?.[type ?? ''];
    return [
      ...missing.map(([name]) => `the response with status ${status} has no header ${name}`),
      ...(content
        ? this.validator.problemsWith(JSON.parse(received), content.schema!).map((problem) => `status ${status}: ${problem}`)
        : type !== undefined || response.content || received
          ? [`the response with status ${status} has the content type ${type}`]
          : []),
    ];
  }
}

const parameterCount = (path: string): number => path.split('{').length;

/** Parameters are text; a number is compared as a number. */
const parsed = (value: string, { type }: Json): unknown => (type === 'integer' && /^-?\d+$/.test(value) ? Number(value) : value);

let committed: ExchangeCheck | undefined;

/** @throws Error if a request or its response differs from docs/openapi.json. */
export function checkExchange(exchange: Exchange): void {
  committed ??= new ExchangeCheck(readDocument());
  const problems = committed.problemsWith(exchange);
  if (problems.length)
    throw new Error(`${exchange.method} ${exchange.path} differs from docs/openapi.json: ${problems.join('; ')}`);
}
