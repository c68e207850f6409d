import type { Permissions } from '#wire';

/** Where the server answers whoever pushes an account. */
export const PUSH_INBOX = '_INBOX.asyndgan-enroll';
export const PUSH_SUBJECT = '$SYS.REQ.CLAIMS.UPDATE';

/** The system account's only user hands in signed accounts: it cannot look at connections, nor end them. */
export function systemPermissions(): Permissions {
  return { publish: [PUSH_SUBJECT], subscribe: [`${PUSH_INBOX}.>`] };
}
