/** RSASSA-PSS in method 14 (RFC 7427), demanded by the gateway of both ends. */
import { certificateScenario } from '../lab/certificates.ts';

const step = (hash: 'sha256' | 'sha384' | 'sha512') => ({
  step: `RSA-3072 with PSS and ${hash}`,
  key: 'rsa3072' as const,
  wants: `ike:rsa/pss-${hash}`,
  signs: `ike:rsa/pss-${hash}`,
  preferPss: true,
  gatewayLog: [
    /authentication of 'client\.lab\.example' with RSA_EMSA_PSS_SHA2_\d+\S* successful/,
    /authentication of 'gw\.lab\.example' \(myself\) with RSA_EMSA_PSS_SHA2_\d+\S* successful/,
  ],
});

certificateScenario('rsa-pss', [step('sha256')]);
