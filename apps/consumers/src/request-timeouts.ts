/**
 * Returns the `requestHandler` options that limit each request of an AWS client to `timeoutMs`. By default, the SDK only logs a
 * warning for a missing response and continues to wait.
 */
export const requestTimeouts = (timeoutMs: number) => ({
  connectionTimeout: timeoutMs,
  requestTimeout: timeoutMs,
  socketTimeout: timeoutMs,
  throwOnRequestTimeout: true,
});
