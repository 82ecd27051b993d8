/** Where lines go. A line is one record as JSON, without its newline. Sinks never throw and never block a request. */
export interface LogSink {
  write(line: string): void;
  /** Writes what is held, as far as that is possible at once: for the end of the process. */
  flush(): void;
}
