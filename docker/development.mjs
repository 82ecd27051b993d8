// Commands for docker/compose.yaml, for development only: seed | token <email> | bus.
import { join } from 'node:path';

const [command, email] = process.argv.slice(2);
const { DATABASE_URL: databaseUrl, PIKAIA_VAR: directory, EVENT_BUS_NAME: name } = process.env;
const commands = {
  async seed() {
    const { seed } = await import('../apps/api/dist/database/seed.js');
    await seed(databaseUrl);
  },
  async token() {
    const { issueDevelopmentToken } = await import('../apps/api/dist/authentication/development-issuer.js');
    console.log(await issueDevelopmentToken({ email, keysDirectory: join(directory, 'keys'), databaseUrl }));
  },
  async bus() {
    const { CreateEventBusCommand, EventBridgeClient } = await import('@aws-sdk/client-eventbridge');
    await new EventBridgeClient().send(new CreateEventBusCommand({ Name: name })).catch((error) => {
      if (error.name !== 'ResourceAlreadyExistsException') throw error;
    });
  },
};
if (!commands[command]) throw new Error(`There is no command ${command}. Use seed, token <email> or bus.`);
await commands[command]();
