export { getLogger, type Logger } from './logger.js';
