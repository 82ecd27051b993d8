import { endpointsOf, type ApiDocument, type Endpoint, type Json, type Response } from './document.js';
import { SchemaValidator } from './schema.validator.js';

/** Returns what the operations of a document lack, one text for each part. */
export function incompleteParts(document: ApiDocument): string[] {
  const validator = new SchemaValidator(document);
  const endpoints = endpointsOf(document);
  const ids = endpoints.map(({ operation }) => operation.operationId);
  return [
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} is the id of two operations`),
    ...endpoints.flatMap((endpoint) => [
      ...lacksOf(endpoint).map((part) => `${endpoint.method} ${endpoint.path} lacks ${part}`),
      ...wrongExamples(endpoint, validator).map((problem) => `${endpoint.method} ${endpoint.path}: ${problem}`),
    ]),
  ];
}

const isProblem = (status: string): boolean => /^[45]/.test(status);

function lacksOf({ path, operation }: Endpoint): string[] {
  const { summary, parameters = [], requestBody, responses = {}, 'x-roles': roles = [] } = operation;
  const successes = Object.entries(responses).filter(([status]) => !isProblem(status));
  const body = requestBody?.content['application/json'];
  const isPublic = roles.includes('public') || roles.includes('webhook');
  return [
    !summary && 'a summary: add @Endpoint',
    !roles.length && 'roles: add @AllowedTo',
    ...[...path.matchAll(/\{(\w+)\}/g)].map(
      ([, name]) => !parameters.some((one) => one.in === 'path' && one.name === name) && `the parameter ${name}`,
    ),
    ...parameters.map(({ name, description }) => !description && `a description of the parameter ${name}`),
    ...(requestBody ? [!body?.schema && 'a schema of the body', body?.example === undefined && 'an example of the body'] : []),
    ...undescribedFields(body?.schema).map((field) => `a description of the field ${field} of the body`),
    !successes.length && 'a successful response',
    ...successes.flatMap(([status, response]) => lacksOfResponse(status, response)),
    ...['400', '500', '503', ...(isPublic ? [] : ['401', '403']), ...(requestBody ? ['422'] : [])].map(
      (status) => !responses[status]?.content?.['application/problem+json']?.schema && `the problems of status ${status}`,
    ),
  ].filter((part) => part !== false);
}

function lacksOfResponse(status: string, { headers = {}, content }: Response): (string | false)[] {
  const json = content?.['application/json'];
  return [
    !headers['X-Correlation-Id'] && `the header X-Correlation-Id of status ${status}`,
    status !== '204' && !json?.schema && `a schema of status ${status}`,
    status !== '204' && json?.example === undefined && `an example of status ${status}`,
  ];
}

function undescribedFields(schema: Json = {}): string[] {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Json>>;
  return Object.entries(properties).flatMap(([name, field]) => [
    ...(field['description'] ? [] : [name]),
    ...undescribedFields(field).map((inner) => `${name}.${inner}`),
  ]);
}

function wrongExamples({ operation }: Endpoint, validator: SchemaValidator): string[] {
  const contents = [operation.requestBody, ...Object.values(operation.responses ?? {})].flatMap((part) =>
    Object.values(part?.content ?? {}),
  );
  return contents.flatMap(({ schema, example }) =>
    schema && example !== undefined ? validator.problemsWith(example, schema).map((text) => `the example is wrong: ${text}`) : [],
  );
}
