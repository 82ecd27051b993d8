export interface LoggedEvent {
  readonly event: string;
  /** Names of the logger's methods, the least severe first. */
  readonly levels: readonly string[];
  /** Empty: any logger. */
  readonly loggers: readonly string[];
  readonly fields: readonly string[];
  /** The line can have more fields, known only at run time. */
  readonly open: boolean;
  /** The line has the fields of an error. */
  readonly thrown: boolean;
  readonly files: readonly string[];
}

export function eventCatalogue(planted?: string): LoggedEvent[];
export function eventsDocument(catalogue: readonly LoggedEvent[]): string;
