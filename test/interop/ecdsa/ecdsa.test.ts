/** ECDSA certificates at both ends. */
import { certificateScenario } from '../lab/certificates.ts';

certificateScenario(
  'ecdsa',
  (['p256', 'p384', 'p521'] as const).map((key) => ({
    step: `ECDSA on ${key.replace('p', 'P-')}`,
    key,
    gatewayLog: [
      /authentication of 'client\.lab\.example' with ECDSA\S* successful/,
      /authentication of 'gw\.lab\.example' \(myself\) with ECDSA\S* successful/,
    ],
  })),
);
