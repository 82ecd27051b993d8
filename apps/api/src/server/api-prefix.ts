/** The path prefix of all routes except the health checks. */
export const API_PREFIX = 'api/v1';
