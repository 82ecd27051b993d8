import { isId, MASKED, TextMask } from '@pikaia/core';
import { plainToInstance } from 'class-transformer';
import { describeDataClass, type DataClass, type DataField } from './data-class.js';
import { contractOf, findContract, type Contract } from './domain-event.js';
import type { Envelope } from './envelope.js';
import { isPersonal } from './personal.decorator.js';
import { upcasterOf } from './upcast.decorator.js';

type Values = Readonly<Record<string, unknown>>;
/** An envelope as it was stored, which can have any shape if `publish` did not write it. */
type StoredEnvelope = { readonly [Field in keyof Envelope]?: unknown };

const MAX_DEPTH = 1_000; // more than publish accepts
const MIN_DIGITS = 5; // a shorter number occurs by chance
const FIELD_NAME = /^\w+$/;
const CODE_NAME = /^[a-z][a-z0-9]*([._-][a-z0-9]+)*$/;

/**
 * Returns the data of an event with its personal values replaced by `[masked]`: fields with `@Personal()`, and fields that the
 * contract does not declare. Without the contract class of this type and version, every value is masked. Null stays null.
 */
export const maskData = (eventType: unknown, schemaVersion: unknown, data: unknown): unknown =>
  new PersonalValues().mask(data, shapeOf(eventType, schemaVersion));

/**
 * Returns the texts to mask in texts about an event, such as an error of its handler: the personal values of its data, and the email
 * address of its actor. Includes the values that upcasters derive from the data. Without the contract class of this type and version:
 * all values but ids and names of code, such as `active`.
 */
export function personalTexts({ event_type: type, schema_version: version, actor, data }: StoredEnvelope): string[] {
  const contract = contractOfVersion(type, version);
  const shape = contract && describeDataClass(contract.data);
  const values = new PersonalValues();
  values.mask(data, shape);
  for (const newer of contract ? upcastData(contract, data) : []) values.mask(newer.data, describeDataClass(newer.contract.data));
  values.collect((actor as Values | null | undefined)?.['email']);
  return [...values.texts].filter((text) => shape || !(isId(text) || CODE_NAME.test(text)));
}

/** The mask for texts about an event. Undefined if there is nothing to mask. */
export const personalMask = (event: StoredEnvelope): TextMask | undefined => TextMask.of(personalTexts(event));

/** The mask for texts about an event whose envelope is JSON text. */
export function personalMaskOf(payload: string | null): TextMask | undefined {
  try {
    return payload === null ? undefined : personalMask((JSON.parse(payload) as StoredEnvelope | null) ?? {});
  } catch {
    return undefined; // a sink can refuse an event because its text is not JSON
  }
}

const contractOfVersion = (type: unknown, version: unknown): Contract | undefined =>
  typeof type === 'string' && typeof version === 'number' ? findContract(type, version) : undefined;

function shapeOf(type: unknown, version: unknown): DataClass | undefined {
  const contract = contractOfVersion(type, version);
  return contract && describeDataClass(contract.data);
}

/** Returns the data of an event in each newer version that upcasters reach. */
function* upcastData(stored: Contract, source: unknown): Generator<{ contract: Contract; data: unknown }> {
  let [contract, data] = [stored, source];
  for (let step = upcasterOf(contract); step; step = upcasterOf(contract)) {
    const next = contractOf(step.to);
    if (next.type !== contract.type || next.version !== contract.version + 1) return;
    try {
      data = JSON.parse(JSON.stringify(step.run(plainToInstance(contract.data, data) as object)));
    } catch {
      return; // reading the event reports the upcaster
    }
    contract = next;
    yield { contract, data };
  }
}

/** Masks the personal values of data, and collects their texts. */
class PersonalValues {
  readonly texts = new Set<string>();

  /** @param shape undefined: every value is masked. */
  mask(data: unknown, shape: DataClass | undefined): unknown {
    if (typeof data !== 'object' || data === null || Array.isArray(data)) return this.hide(data);
    const fields = Object.entries(data).map(([name, value]) => {
      const field = shape && !isPersonal(shape.type, name) ? shape.fields.get(name) : undefined;
      return [name, field ? this.maskField(value, field, data) : this.hide(value)];
    });
    return Object.fromEntries(fields);
  }

  private maskField(value: unknown, field: DataField, parent: object): unknown {
    if (Array.isArray(value)) return value.map((item) => this.maskField(item, field, parent));
    if (typeof value !== 'object' || value === null) return field.isNested ? this.hide(value) : value;
    let inner: DataClass | undefined;
    try {
      inner = field.classOf(value, parent);
    } catch {
      return this.hide(value); // the function of a @Type can throw for data that violates the contract
    }
    return inner ? this.mask(value, inner) : field.isNested ? this.hide(value) : value;
  }

  private hide(value: unknown): unknown {
    this.collect(value);
    return value === null || value === undefined ? value : MASKED;
  }

  /** Collects the texts in a personal value. Keys that are not field names can be values too, as in `{ 'a@example.com': 'admin' }`. */
  collect(value: unknown, depth = 0): void {
    if (typeof value === 'string') this.texts.add(value);
    else if (typeof value === 'number') {
      if (Math.abs(value) >= 10 ** (MIN_DIGITS - 1)) this.texts.add(String(value));
    } else if (typeof value === 'object' && value !== null && depth < MAX_DEPTH) {
      for (const [key, inner] of Object.entries(value)) {
        if (!FIELD_NAME.test(key)) this.texts.add(key);
        this.collect(inner, depth + 1);
      }
    }
  }
}
