export { MemoryTransactionsModule } from './memory-transactions.module.js';
