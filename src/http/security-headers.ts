import { secureHeaders } from "hono/secure-headers";

const TWO_YEARS_SECONDS = 63_072_000;

/**
 * What every answer tells a browser, faults and refusals included: to come by TLS alone, to take the bytes for what they are said to
 * be, and to run, frame, embed and pass on nothing of them.
 *
 * A route that serves a page names a policy of its own, which stays; test/http/security-headers.test.ts refuses `unsafe-inline` in it.
 */
export const securityHeaders = secureHeaders({
  overwrite: false,
  strictTransportSecurity: `max-age=${TWO_YEARS_SECONDS}; includeSubDomains`,
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  permissionsPolicy: { camera: [], geolocation: [], microphone: [], payment: [], usb: [] },
  // The rest is for browsers that know none of the above, or for pages.
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  removePoweredBy: false,
});
