import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MAX_RATE, MAX_REASON_LENGTH, MAX_SELECTED_EVENTS } from './limits.js';

interface Schema {
  readonly properties?: Readonly<Record<string, { maxItems?: number; maximum?: number; maxLength?: number }>>;
}
const { components } = JSON.parse(readFileSync(resolve(__dirname, '../../../../docs/openapi.json'), 'utf8')) as {
  components: { schemas: Readonly<Record<string, Schema>> };
};
const propertyOf = (schema: string, name: string) => components.schemas[schema]!.properties![name]!;

it('the limits of the console are those of the OpenAPI document', () => {
  expect(propertyOf('ReplayFilterRequest', 'event_ids').maxItems).toBe(MAX_SELECTED_EVENTS);
  expect(propertyOf('ReplayEventsRequest', 'rate').maximum).toBe(MAX_RATE);
  for (const schema of ['ReasonRequest', 'SinkRequest', 'DropTypeRequest', 'ReplayEventsRequest'])
    expect(propertyOf(schema, 'reason').maxLength).toBe(MAX_REASON_LENGTH);
});
