import { copyDatabase, type TestDatabase } from '../database/database.js';

/** Creates a database with the schema of the api: the schemas of the libraries and the tables of the example. */
export const createApiDatabase = (): Promise<TestDatabase> => copyDatabase('pikaia_api');
