/** The `asyndgan` command. What the benchmarks measure of a local run comes through this door. */
export { nativeFor } from './native.ts';
export { type Federation, openFederation } from './run/federation.ts';
export { closeSiteData, openSiteData, type SiteData } from './run/site-data.ts';
