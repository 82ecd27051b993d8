/** The shape of every logger; see getLogger. */
export interface Logger {
  debug(event: string, fields?: object): void;
  info(event: string, fields?: object): void;
  warning(event: string, fields?: object): void;
  error(event: string, fields?: object): void;
  critical(event: string, fields?: object): void;
  exception(event: string, error: unknown, fields?: object): void;
  child(fields: object): Logger;
}

export function getLogger(name: string): Logger {
  const write = (event: string, fields?: object): void =>
    void process.stdout.write(`${JSON.stringify({ event, logger: name, ...fields })}\n`);
  return {
    debug: write,
    info: write,
    warning: write,
    error: write,
    critical: write,
    exception: (event, error, fields) => write(event, { ...fields, error: String(error) }),
    child: () => getLogger(name),
  };
}
