/** Diffie-Hellman through key objects gives the octets of the older way, in every MODP group. */
import assert from 'node:assert/strict';
import { createDiffieHellman } from 'node:crypto';
import { test } from 'node:test';
import { fromBigInt } from '../../../../engine/crypto/mod-pow.ts';
import { modpGroup } from '../../../../engine/crypto/modp-groups.ts';
import { modpKey } from '../../../../engine/os/crypto/node-modp-key.ts';
import { seeded } from './providers.ts';

for (const method of [1, 2, 5, 14, 15, 16, 22, 23, 24])
  test(`group ${method}`, () => {
    const group = modpGroup(method);
    assert.ok(group);
    const length = group.bits / 8;
    const [prime, generator] = [fromBigInt(group.prime, length), fromBigInt(group.generator, length)];
    const random = seeded(method);
    const [a, b] = [random(group.exponentLength), random(group.exponentLength)];
    const ours = modpKey(prime, generator, a);
    const theirs = createDiffieHellman(prime, generator);
    theirs.setPrivateKey(b);
    const theirPublic = new Uint8Array(theirs.generateKeys());
    const padded = (value: Uint8Array): string =>
      Buffer.from(value)
        .toString('hex')
        .padStart(2 * length, '0');
    assert.equal(padded(ours.agree(theirPublic)), padded(theirs.computeSecret(ours.publicValue)));
    assert.equal(padded(ours.publicValue), padded(modpKey(prime, generator, a).publicValue));
  });
