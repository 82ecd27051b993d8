export interface LoggedEvent {
  readonly event: string;
  /** As `getLogger`'s methods are called, the least severe first. */
  readonly levels: readonly string[];
  /** None: any. */
  readonly loggers: readonly string[];
  readonly fields: readonly string[];
  /** More fields come in that only the running program knows. */
  readonly open: boolean;
  /** It has the fields of an error. */
  readonly thrown: boolean;
  readonly files: readonly string[];
}

export function eventCatalogue(planted?: string): LoggedEvent[];
export function eventsDocument(catalogue: readonly LoggedEvent[]): string;
