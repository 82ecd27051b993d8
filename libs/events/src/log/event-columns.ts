/** The columns of an event that the log and the deliveries have in common, without those that statements read in different forms. */
export const EVENT_COLUMNS =
  'event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id, correlation_id';

/** EVENT_COLUMNS of the table with this alias. */
export const eventColumns = (alias: string): string => EVENT_COLUMNS.replace(/\w+/g, `${alias}.$&`);
