/** What a member may do with subjects: everything else is denied by the server. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

const ROOT = 'asyndgan.v1';

/**
 * A site speaks for itself and hears what is said to it or to all. No inbox: answers come on `welcome.<site>`.
 * `run` and `site` are tokens, or templates that the server fills in; `run` may be `*`. Each is a token of its own: nats-server 2.9 fills in nothing less.
 */
export function sitePermissions(run: string, site: string): Permissions {
  const at = `${ROOT}.${run}`;
  return {
    publish: [`${at}.hello.${site}`, `${at}.hello.${site}.>`, `${at}.feedback.${site}.>`],
    subscribe: [`${at}.work.${site}.>`, `${at}.control.${site}`, `${at}.control.${site}.>`, `${at}.control.all`, `${at}.welcome.${site}.>`],
  };
}

/** The hub: the converse, for every site. */
export function hubPermissions(run: string): Permissions {
  const at = `${ROOT}.${run}`;
  return {
    publish: [`${at}.work.*.>`, `${at}.control.*`, `${at}.control.*.>`, `${at}.welcome.*.>`],
    subscribe: [`${at}.hello.*`, `${at}.hello.*.>`, `${at}.feedback.*.>`],
  };
}

/** Where the server answers whoever pushes an account. */
export const PUSH_INBOX = '_INBOX.asyndgan-enroll';
export const PUSH_SUBJECT = '$SYS.REQ.CLAIMS.UPDATE';

/** The system account's only user hands in signed accounts: it cannot look at connections, nor end them. */
export function systemPermissions(): Permissions {
  return { publish: [PUSH_SUBJECT], subscribe: [`${PUSH_INBOX}.>`] };
}
