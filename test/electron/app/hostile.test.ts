/** The hostile page on the double: its windows are Chromium's, its handlers the shell's own. */
import { after, before } from 'node:test';
import { defineHostileSpecs, HOSTILE_SCRIPT } from './hostile-specs.ts';
import { openWorld, type PageWorld } from './stage.ts';

let world: PageWorld;
before(async () => {
  world = await openWorld(HOSTILE_SCRIPT);
});
after(() => world.close());

defineHostileSpecs(() => world);
