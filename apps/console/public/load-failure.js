// Runs before the scripts of the console. It is a file with the same name in every build, because the page allows no inline code. During a
// deployment, a page of one build can ask a server of another build for its scripts and styles, which are 404 there. This script then
// reloads the page, once for each build, so it never loops. If that does not help, it says what to do.
{
  const KEY = 'pikaia-reloaded-builds';
  let isReloading = false;

  const canReachServer = () =>
    fetch(document.baseURI, { method: 'HEAD', cache: 'no-store' }).then(
      ({ ok }) => ok,
      () => false,
    );

  /** Reloads the page, unless this tab has done so for this build before or the server cannot be reached. */
  const reloadOnce = async () => {
    const build = document.querySelector('script[type="module"]').src; // its name contains a hash
    const builds = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
    if (builds.includes(build) || !(await canReachServer()) || isReloading) return;
    isReloading = true;
    sessionStorage.setItem(KEY, JSON.stringify([...builds, build]));
    location.reload();
  };

  const showAdvice = () => {
    const title = document.createElement('h1');
    title.textContent = 'The console cannot be loaded';
    const advice = document.createElement('p');
    advice.textContent =
      'One of its files is missing or cannot be reached. If a new version is being deployed, wait a minute and reload the page.';
    const button = document.createElement('button');
    button.textContent = 'Reload';
    button.addEventListener('click', () => location.reload());
    const main = document.createElement('main');
    main.role = 'alert';
    main.append(title, advice, button);
    document.getElementById('console').replaceChildren(main);
  };

  // A script or a style of the page: nothing is shown yet.
  addEventListener(
    'error',
    ({ target }) => {
      if (!(target instanceof HTMLScriptElement) && !(target instanceof HTMLLinkElement)) return;
      if (target instanceof HTMLScriptElement) showAdvice();
      void reloadOnce();
    },
    true,
  );
  // A script that the console loads later. The console itself shows the error.
  addEventListener('vite:preloadError', () => void reloadOnce());
}
