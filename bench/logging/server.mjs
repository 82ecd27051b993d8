// One variant in its own process, whose stdout is the log file. Sends the port to its parent. Then answers each message with the
// CPU time used so far. Ends when the parent disconnects.
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
