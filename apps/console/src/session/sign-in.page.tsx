import { useState, type FormEvent } from 'react';
import { ProblemText } from '../components/problem.js';
import { Loading } from '../components/states.js';
import { useDemoPeople, useSignIn, type DemoPerson } from './session.js';

/** Replaces the page while nobody is signed in. The address stays, so the person continues on the page that was requested. */
export function SignInPage({ hasEnded }: { readonly hasEnded: boolean }) {
  const people = useDemoPeople();
  const signIn = useSignIn();
  return (
    <main className="sign-in" id="main" tabIndex={-1}>
      <h1>Pikaia console</h1>
      {hasEnded ? (
        <p className="notice" role="status">
          Your session has ended. Sign in to continue on this page.
        </p>
      ) : (
        <p>Sign in to see what happened to a request, its events and its audit entries.</p>
      )}
      {signIn.error && <ProblemText error={signIn.error} />}
      {people.isPending ? (
        <Loading what="the ways to sign in" />
      ) : (
        <>
          {people.data && <DemoPeople people={people.data} onChoose={signIn.mutate} isBusy={signIn.isPending} />}
          <TokenForm isOpen={!people.data} onToken={(token) => signIn.mutate({ token })} isBusy={signIn.isPending} />
        </>
      )}
    </main>
  );
}

function DemoPeople(props: {
  readonly people: readonly DemoPerson[];
  readonly onChoose: (person: DemoPerson) => void;
  readonly isBusy: boolean;
}) {
  const groups = Map.groupBy(props.people, ({ organization }) => organization?.name ?? 'The platform');
  return (
    <section aria-labelledby="demo-people">
      <h2 id="demo-people">Demo people</h2>
      <p className="hint">Only in development. One click signs you in.</p>
      {[...groups].map(([group, people]) => (
        <div key={group} className="people">
          <h3>{group}</h3>
          <ul>
            {people.map((person) => (
              <li key={`${person.email} ${person.organization?.slug}`}>
                <button type="button" disabled={props.isBusy} onClick={() => props.onChoose(person)}>
                  <strong>{person.name ?? person.email}</strong>
                  <span className="role">{person.role}</span>
                  {person.name !== null && <span className="address">{person.email}</span>}
                </button>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

function TokenForm(props: { readonly isOpen: boolean; readonly onToken: (token: string) => void; readonly isBusy: boolean }) {
  const [token, setToken] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    props.onToken(token.trim());
    setToken('');
  };
  return (
    <details open={props.isOpen} className="token">
      <summary>Sign in with a session token</summary>
      <form onSubmit={submit}>
        <label>
          Session token
          <input
            type="password"
            required
            autoComplete="off"
            spellCheck={false}
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        <button type="submit" className="primary" disabled={props.isBusy || token.trim() === ''}>
          Sign in
        </button>
      </form>
      <p className="hint">
        The token of your session at the identity provider. The console exchanges it for a cookie that scripts cannot read, and
        keeps it nowhere else.
      </p>
    </details>
  );
}
