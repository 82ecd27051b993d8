/** True if NODE_ENV is `production`. Settings with a default for development have none then. */
export const isProduction = (environment: Readonly<Record<string, string | undefined>> = process.env): boolean =>
  environment['NODE_ENV'] === 'production';
