/** NODE_ENV of every process. It is also `env` in log lines and `environment` in metrics. */
export const NODE_ENVIRONMENT = 'production';
