/** NODE_ENV of every process, and so `env` of its log lines and `environment` of its metrics. */
export const NODE_ENVIRONMENT = 'production';
