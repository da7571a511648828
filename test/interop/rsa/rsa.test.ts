/** RSASSA-PKCS1-v1_5 with certificates at both ends. */
import { certificateScenario } from '../lab/certificates.ts';

certificateScenario('rsa', [
  {
    step: 'RSA-3072, signature authentication of RFC 7427',
    key: 'rsa3072',
    preferPss: false,
    gatewayLog: [
      /authentication of 'client\.lab\.example' with RSA_EMSA_PKCS1_SHA2_\d+ successful/,
      /authentication of 'gw\.lab\.example' \(myself\) with RSA_EMSA_PKCS1_SHA2_\d+ successful/,
    ],
  },
  {
    step: 'RSA-4096',
    key: 'rsa4096',
    preferPss: false,
    gatewayLog: [/authentication of 'client\.lab\.example' with RSA_EMSA_PKCS1_SHA2_\d+ successful/],
  },
]);
