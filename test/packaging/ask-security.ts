/** Under Windows: what the desktop shell finds out about the files named after the first argument, into that one. */
import { writeFileSync } from 'node:fs';
import { checkWindowsProgram } from '../../electron/engine/file-security.ts';

const [, , into = '', ...paths] = process.argv;
const verdicts = [];
for (const path of paths) verdicts.push(await checkWindowsProgram(path));
writeFileSync(into, JSON.stringify(verdicts));
