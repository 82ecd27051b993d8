// One variant in a process of its own; stdout is the file that its lines go to. Tells its parent the port, then on any
// message the processor time used so far; ends when the parent lets go of it.
import { variants } from './variants.mjs';

const app = await variants[process.argv[2]]();
await app.listen(0, '127.0.0.1');

process.on('message', () => process.send({ cpu: process.cpuUsage() }));
process.on('disconnect', () => void end());
process.send({ port: app.getHttpServer().address().port });

async function end() {
  app.getHttpServer().closeAllConnections();
  await app.close();
}
