// npm run build:console: builds the web console into apps/console/dist, from where the api serves it.
import { buildConsole } from './start/console.ts';

await buildConsole();
