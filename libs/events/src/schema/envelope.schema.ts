import { DRAFT, type JsonSchema } from './json-schema.js';

const text: JsonSchema = { type: 'string', minLength: 1 };
const uuid: JsonSchema = { type: 'string', pattern: '^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' };

/**
 * The schema of a whole event as a consumer receives it. Unknown fields are accepted, because a newer publisher may add them. The
 * schema of a contract describes `data`.
 */
export const ENVELOPE_SCHEMA: JsonSchema = {
  $schema: DRAFT,
  $id: 'urn:pikaia:envelope',
  title: 'Envelope',
  description:
    'An event as a consumer receives it. The type and the version select the schema of data. Ignore fields that you do not know.',
  type: 'object',
  properties: {
    event_id: { description: 'The unique id of the event. Use it to detect an event that was handled before.', ...uuid },
    event_type: { description: 'The name of the event, such as member.invited.', ...text },
    schema_version: { description: 'The version of the contract.', type: 'integer', minimum: 1 },
    occurred_at: {
      description: 'The time of the change: RFC 3339 with milliseconds, in UTC.',
      type: 'string',
      pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$',
    },
    aggregate_type: { description: 'The type of the object that changed.', ...text },
    aggregate_id: { description: 'The id of the object that changed. Events of one object keep their order.', ...text },
    organization_id: { description: 'The organization of the object, or null.', anyOf: [text, { type: 'null' }] },
    correlation_id: { description: 'Joins the log lines, events and audit entries of one request.', ...uuid },
    causation_id: {
      description: 'The event_id of the event whose consumer published this one. Absent if no event caused it, as in a request.',
      ...uuid,
    },
    actor: {
      description: 'The person or the service that made the change, or null.',
      anyOf: [
        {
          type: 'object',
          properties: { type: text, id: text, email: text },
          required: ['type', 'id'],
        },
        { type: 'null' },
      ],
    },
    data: { description: 'The content, which the contract of the type and version describes.', type: 'object' },
    sequence: { description: 'The position of the event. It only grows within one object.', ...text },
    replayed: { description: 'The id of the replay that sent the event again. Absent on the first delivery.', ...uuid },
  },
  required:
    'event_id event_type schema_version occurred_at aggregate_type aggregate_id organization_id correlation_id actor data'.split(
      ' ',
    ),
};
