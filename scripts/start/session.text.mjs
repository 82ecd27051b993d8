/** The text that npm start prints when the system is ready: addresses, and commands to copy. */
export const sessionText = ({ ports, seconds }) => `
Pikaia is ready after ${seconds} s. Press Ctrl-C to stop it.

  API      http://127.0.0.1:${ports.api}/api/v1     health  http://127.0.0.1:${ports.api}/health/ready
  worker   http://127.0.0.1:${ports.worker}/health/ready
  emails   var/mail     logs  var/log     database  npm run -s db:url -- --role owner

To try it, open a second terminal in this folder. Alice, an admin of the organization acme, invites Dave:

  export TOKEN=$(npm run -s token -- --email alice@example.com | tail -1)
  export ID=$(node -p 'crypto.randomUUID()')

  curl -s http://127.0.0.1:${ports.api}/api/v1/members/invitations \\
    -H "Authorization: Bearer $TOKEN" -H "X-Correlation-Id: $ID" -H 'Content-Type: application/json' \\
    -d '{"email":"dave@example.com","name":"Dave","role":"member"}'

Show everything that this request caused, as a timeline and as JSON:

  npm run explain -- $ID
  curl -s http://127.0.0.1:${ports.api}/api/v1/admin/correlations/$ID -H "Authorization: Bearer $TOKEN"

`;
