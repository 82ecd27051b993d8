/**
 * What no call to AWS may exceed, in milliseconds: for the handler of a client's requests. The SDK by itself only warns
 * of an answer that does not come, and waits on.
 */
export const requestLimits = (milliseconds: number) => ({
  connectionTimeout: milliseconds,
  requestTimeout: milliseconds,
  socketTimeout: milliseconds,
  throwOnRequestTimeout: true,
});
