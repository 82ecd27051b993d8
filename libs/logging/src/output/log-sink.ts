/** A destination of log lines. A line is one record as JSON, without the newline. Sinks never throw and never block a request. */
export interface LogSink {
  write(line: string): void;
  /** Writes the buffered lines synchronously, as far as possible. Called at the end of the process. */
  flush(): void;
}
