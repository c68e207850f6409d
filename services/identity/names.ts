import { LifetimeInvalidError, NameInvalidError } from './errors.ts';

/** Not for sites: `all` is a subject's token, the others are members or files of every federation. */
const RESERVED = ['all', 'hub', 'system', 'server'];
const MAX_LENGTH = 63;
const TOKEN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** Throws NameInvalidError unless `name` can be a token of a subject, as the experiment's names are. */
export function checkName(what: 'the federation' | 'the site' | 'the run', name: string): void {
  if (name.length > MAX_LENGTH || !TOKEN.test(name)) {
    throw new NameInvalidError(what, name, `is no name: use 1 to ${MAX_LENGTH} lower-case letters, digits and inner hyphens`);
  }
}

export function checkSiteName(name: string): void {
  checkName('the site', name);
  if (RESERVED.includes(name))
    throw new NameInvalidError('the site', name, `has a name that is taken (${RESERVED.join(', ')}): choose another`);
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 };
const LONGEST_DAYS = 3650;

/** `30d` -> seconds. @throws LifetimeInvalidError */
export function parseLifetime(text: string): number {
  const [, count, unit] = /^([1-9][0-9]{0,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * SECONDS[unit as keyof typeof SECONDS];
  if (unit === undefined || seconds > LONGEST_DAYS * SECONDS.d) throw new LifetimeInvalidError(text, `${LONGEST_DAYS}d`);
  return seconds;
}
