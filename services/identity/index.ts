/** Who may take part in a federation: keys, credentials and certificates, and the servers' configuration that enforces them. */
export { IdentityError } from './errors.ts';
export { type InitOptions, initFederation, renewServerCertificate } from './init.ts';
export { type Enrolled, type EnrolOptions, enrolSite, listMembers, type MemberState, type RenewOptions, renew, revoke } from './members.ts';
export { pushAccount } from './push.ts';
