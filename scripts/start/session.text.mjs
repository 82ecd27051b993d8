/** What is printed when all is ready: where things are, and a session to copy and paste. */
export const sessionText = ({ ports, seconds }) => `
Pikaia is ready after ${seconds} s. Ctrl-C stops it.

  API      http://127.0.0.1:${ports.api}/api/v1     health  http://127.0.0.1:${ports.api}/health/ready
  worker   http://127.0.0.1:${ports.worker}/health/ready
  e-mails  var/mail     logs  var/log     database  npm run -s db:url -- --role owner

Try it from this folder in a second terminal. Alice, an admin of acme, invites somebody:

  export TOKEN=$(npm run -s token -- --email alice@example.com | tail -1)
  export ID=$(node -p 'crypto.randomUUID()')

  curl -s http://127.0.0.1:${ports.api}/api/v1/members/invitations \\
    -H "Authorization: Bearer $TOKEN" -H "X-Correlation-Id: $ID" -H 'Content-Type: application/json' \\
    -d '{"email":"dave@example.com","name":"Dave","role":"member"}'

The trail that this left, joined by its correlation id:

  curl -s http://127.0.0.1:${ports.api}/api/v1/admin/correlations/$ID -H "Authorization: Bearer $TOKEN"
  npm run explain -- $ID

`;
