/** Ed25519 certificates at both ends (RFC 8420). */
import { certificateScenario } from '../lab/certificates.ts';

certificateScenario('ed25519', [
  {
    step: 'Ed25519',
    key: 'ed25519',
    gatewayLog: [
      /authentication of 'client\.lab\.example' with ED25519 successful/,
      /authentication of 'gw\.lab\.example' \(myself\) with ED25519 successful/,
    ],
  },
]);
