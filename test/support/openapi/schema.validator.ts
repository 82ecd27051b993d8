import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { ApiDocument, Json } from './document.js';

const BASE = 'openapi';

/** Validates values against the schemas of a document. */
export class SchemaValidator {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly compiled = new WeakMap<Json, ValidateFunction>();

  constructor(document: ApiDocument) {
    addFormats.default(this.ajv);
    this.ajv.addFormat('idn-email', /^\s*\S+@\S+\s*$/); // the api removes white space around an address
    this.ajv.addSchema(document, BASE);
  }

  /** Returns what is wrong with a value, one text for each field. */
  problemsWith(value: unknown, schema: Json): string[] {
    const validate = this.compiled.get(schema) ?? this.ajv.compile(absolute(schema) as Json);
    this.compiled.set(schema, validate);
    return validate(value) ? [] : (validate.errors ?? []).map(textOf);
  }
}

const textOf = ({ instancePath, message, params }: ErrorObject): string =>
  `${instancePath || 'the value'} ${message} ${JSON.stringify(params)}`;

/** Makes the references of a schema absolute, because it is compiled outside its document. */
function absolute(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(absolute);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? `${BASE}${inner}` : absolute(inner),
    ]),
  );
}
