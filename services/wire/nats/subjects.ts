import { WireUsageError } from '../errors.ts';
import { type Address, HUB } from '../link.ts';

/**
 * Subjects, `asyndgan.v1.<run>.` before each (docs/wire-format.md has the table). A site's name is the fifth token of all of them, so that
 * credentials which allow a site its own subjects vouch for its name, and so that an answer's subject follows from its request's.
 */

/** Which of a process's two connections: a small message must not wait behind a tensor. */
export type LineName = 'ctl' | 'data';

/** Where a request goes and where its answer comes back. */
export interface Route {
  readonly line: LineName;
  readonly subject: string;
  readonly answer: string;
}

export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Larger messages take the data line, whatever they say. */
const BULK_BYTES = 64 * 1024;

const SITE_TOKEN = 4;

/** Exactly what a site says and hears. `run` may be `*` and `site` a template such as `{{tag(site)}}`: both are whole tokens. */
export function sitePermissions(run: string, site: string): Permissions {
  const on = prefix(run);
  return {
    publish: [on(`hello.${site}`), on(`hello.${site}.bulk`), on(`hello.${site}.reply`), on(`feedback.${site}.*`)],
    subscribe: [
      on(`control.${site}`),
      on(`control.${site}.bulk`),
      on(`welcome.${site}.ctl`),
      on(`welcome.${site}.bulk`),
      on(`work.${site}.*`),
    ],
  };
}

/** Exactly what the hub says and hears: the sites' permissions, of all sites, turned around. */
export function hubPermissions(run: string): Permissions {
  const { publish, subscribe } = sitePermissions(run, '*');
  return { publish: subscribe, subscribe: publish };
}

export function routeToHub(run: string, site: string, { type }: Address, bytes: number): Route {
  return type === 'conditions' || bytes > BULK_BYTES
    ? route('data', prefix(run)(`hello.${site}.bulk`))
    : route('ctl', prefix(run)(`hello.${site}`));
}

export function routeToSite(run: string, { peer, type, iteration }: Address, bytes: number): Route {
  const on = prefix(run);
  if (type === 'work') return route('data', on(`work.${peer}.${iteration ?? 0}`));
  return bytes > BULK_BYTES ? route('data', on(`control.${peer}.bulk`)) : route('ctl', on(`control.${peer}`));
}

/**
 * What the hub listens to. One subscription per site, not one for all: a leaf node passes on only interest that lies within its permissions.
 * `hello.*` is for sites that the experiment does not name, to refuse them with a reason.
 */
export function hubSubscriptions(run: string, sites: readonly string[]): Record<LineName, readonly string[]> {
  const on = prefix(run);
  return {
    ctl: [on('hello.*'), ...sites.flatMap((site) => [on(`hello.${site}`), on(`hello.${site}.reply`)])],
    data: sites.flatMap((site) => [on(`hello.${site}.bulk`), on(`feedback.${site}.*`)]),
  };
}

export function siteSubscriptions(run: string, site: string): Record<LineName, readonly string[]> {
  const on = prefix(run);
  return {
    ctl: [on(`control.${site}`), on(`welcome.${site}.ctl`)],
    data: [on(`control.${site}.bulk`), on(`welcome.${site}.bulk`), on(`work.${site}.*`)],
  };
}

/** Where one end tells a peer that it is back, or going: a subject of the peer's, on either line. */
export function noticeRoute(run: string, site: string, to: string, line: LineName): Route {
  const family = to === HUB ? 'hello' : 'control';
  return route(line, prefix(run)(line === 'ctl' ? `${family}.${site}` : `${family}.${site}.bulk`));
}

/** Throws WireUsageError for a name of a run or a site that is no token of a subject: a dot or a wildcard would name others. */
export function requireToken(name: string): void {
  if (name === HUB || /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return;
  throw new WireUsageError(`${JSON.stringify(name)} is no name of a run or site: use a-z, 0-9 and -, at most 63`);
}

/** The site that a subject belongs to. */
export function siteOf(subject: string): string {
  return subject.split('.')[SITE_TOKEN] ?? '';
}

/** The one subject on which a request may be answered, whatever reply subject its sender names: it belongs to the same site. */
export function answerSubject(request: string): string {
  const [root, version, run, family, site, rest] = request.split('.');
  const on = (subject: string) => `${root}.${version}.${run}.${subject}`;
  if (family === 'hello') return on(`welcome.${site}.${rest ?? 'ctl'}`);
  return on(rest === undefined ? `hello.${site}.reply` : `feedback.${site}.${rest}`);
}

function route(line: LineName, subject: string): Route {
  return { line, subject, answer: answerSubject(subject) };
}

function prefix(run: string): (subject: string) => string {
  return (subject) => `asyndgan.v1.${run}.${subject}`;
}
