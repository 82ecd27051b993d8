/** What the paths of all routes but health begin with. */
export const API_PREFIX = 'api/v1';
