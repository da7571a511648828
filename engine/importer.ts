/** The importer of this machine's engine: profiles and certificates read together (profile/import and pki). */
import { ApiError, localFailure } from './api/failure.ts';
import { MAX_IMPORT_TEXT } from './api/import.ts';
import { classify } from './importer/classify.ts';
import { Draft } from './importer/draft.ts';
import { exportProfile } from './importer/export-profile.ts';
import type { Importer } from './tunnel/imports.ts';

export function createImporter(): Importer {
  return {
    async open({ files, passphrase }) {
      const size = files.reduce((sum, { content }) => sum + content.length, 0);
      if (size > MAX_IMPORT_TEXT)
        throw new ApiError(
          localFailure('USAGE', `the files have more than ${Math.floor((MAX_IMPORT_TEXT * 3) / 4)} octets`),
        );
      const draft = new Draft(classify(files));
      if (draft.isEmpty) {
        const [first, ...others] = draft.notes;
        draft.wipe();
        throw new ApiError(
          localFailure('PROFILE_INVALID', first ?? 'there is nothing to import in the files', others),
        );
      }
      if (passphrase !== undefined) await draft.unlock(passphrase);
      return draft;
    },
    export: exportProfile,
  };
}
