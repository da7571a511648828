/** What came of one drop of files, until it is stored or forgotten. Everything locked is opened together, later. */
import type { ProfileDocumentJson } from '../api/commands.ts';
import { ApiError, localFailure } from '../api/failure.ts';
import type { DraftProfile, ImportDraft, StoreImportParams } from '../api/import.ts';
import { type ImportedBundle, MAX_ROUNDS, sortParts } from '../pki/bundle.ts';
import { Budget } from '../pki/pbe.ts';
import type { ProfileFormat } from '../profile/import/import-profile.ts';
import { redactSecrets } from '../profile/redact.ts';
import type { OpenDraft } from '../tunnel/imports.ts';
import type { Classified } from './classify.ts';
import { Completion, offeredAnchors } from './complete.ts';
import { fromBundle } from './from-bundle.ts';
import { HeldProfile } from './held-profile.ts';
import { Part } from './parts.ts';
import { previewOf } from './preview.ts';

const MAX_PROFILES = 64;
const MAX_PARTS = 128;

const FORMATS: Readonly<Record<ProfileFormat, string>> = {
  culvert: 'Culvert profile',
  sswan: 'strongSwan for Android (.sswan)',
  'swanctl.conf': 'swanctl.conf',
  'ipsec.conf': 'ipsec.conf',
  mobileconfig: 'Apple configuration profile',
  nmconnection: 'NetworkManager connection',
  'rasphone.pbk': 'Windows phone book',
  ProfileXML: 'Windows ProfileXML',
};

export class Draft implements OpenDraft {
  readonly #profiles: readonly HeldProfile[];
  readonly #parts: readonly Part[];
  readonly #notes: readonly string[];
  /** Passphrases that the files themselves give for a part. */
  readonly #given = new Map<Part, readonly string[]>();
  #wrongPassphrase = false;
  #wiped = false;

  constructor({ profiles, bundles, notes }: Classified) {
    const taken = profiles.slice(0, MAX_PROFILES);
    this.#profiles = taken.map((found) => new HeldProfile(found));
    const embedded = taken.flatMap(({ file, profile }, owner) =>
      profile.bundles.map(({ octets, foreign, ours, passphrase }) => {
        const part = new Part({
          name: `${file} (${foreign})`,
          octets,
          owner,
          anchors: ours === 'remote.anchors',
        });
        if (passphrase !== undefined) this.#given.set(part, [passphrase]);
        return part;
      }),
    );
    const files = bundles.map((file) => new Part({ ...file, anchors: false }));
    for (const part of files)
      this.#given.set(
        part,
        this.#profiles.flatMap((profile) => profile.passphrasesFor(part.name)),
      );
    this.#parts = [...embedded, ...files].slice(0, MAX_PARTS);
    this.#notes = [
      ...notes,
      ...(profiles.length > taken.length
        ? [`Only the first ${MAX_PROFILES} of ${profiles.length} connections were read.`]
        : []),
    ];
    const budget = new Budget(MAX_ROUNDS);
    for (const part of this.#parts) part.unlock(this.#given.get(part) ?? [], budget);
  }

  /** Whether there is anything to make a profile of. */
  get isEmpty(): boolean {
    return this.#profiles.length === 0 && this.#parts.every((part) => !part.locked && !part.opened);
  }

  get notes(): readonly string[] {
    return [...this.#notes, ...this.#parts.flatMap((part) => part.problem ?? [])];
  }

  async unlock(passphrase: string): Promise<void> {
    const locked = [...this.#parts, ...this.#profiles].filter((one) => one.locked);
    const budget = new Budget(MAX_ROUNDS);
    let opened = 0;
    for (const one of locked) {
      const done = one instanceof Part ? one.unlock([passphrase], budget) : await one.unlock(passphrase);
      if (done) opened++;
    }
    this.#wrongPassphrase = locked.length > 0 && opened === 0;
  }

  view(): Omit<ImportDraft, 'draft' | 'secondsLeft'> {
    const bundle = this.#sorted(this.#parts);
    const named = this.#profiles.flatMap((profile, i) =>
      new Completion(profile, this.#partsOf(i)).namedAnchors(profile.document),
    );
    const anchors = offeredAnchors(this.#parts, named);
    const inBetween = [...bundle.leaves.flatMap(({ chain }) => chain), ...bundle.loose.certificates].filter(
      (one, i, all) => all.findIndex((other) => other.equals(one)) === i,
    );
    const profiles = this.#profiles.map((profile, i) => this.#preview(profile, i));
    return {
      locked: this.#locked(),
      wrongPassphrase: this.#wrongPassphrase,
      profiles: profiles.map(({ preview }) => preview),
      leaves: bundle.leaves.map(({ certificate }) => previewOf(certificate, true)),
      chain: inBetween
        .filter((one) => !anchors.some((anchor) => anchor.equals(one)))
        .map((one) => previewOf(one, false)),
      anchors: anchors.map((one) => previewOf(one, false)),
      notes: [...this.notes, ...bundle.warnings, ...profiles.flatMap(({ problems }) => problems)],
    };
  }

  document(choice: StoreImportParams): ProfileDocumentJson {
    if (this.#wiped) throw new ApiError(localFailure('NOT_FOUND', 'the draft was forgotten'));
    const locked = this.#locked();
    if (locked.length > 0)
      throw new ApiError({
        ...localFailure('LOCAL_CREDENTIALS', `${locked.join(', ')} still wants its passphrase`),
        check: 'passphrase-needed',
      });
    const index = choice.profile ?? 0;
    const held = this.#profiles[index];
    if (!held && (this.#profiles.length > 0 || index > 0))
      throw new ApiError(localFailure('USAGE', `profile: there is no profile ${index} in the draft`));
    const parts = this.#partsOf(held ? index : undefined);
    const { document, problems } = new Completion(held, parts).run(
      held ? held.document : this.#ofBundle(choice),
      choice,
    );
    const [first, ...others] = problems;
    if (first !== undefined) throw new ApiError(localFailure('PROFILE_INVALID', first, others));
    // Our own format says what its author wants.
    return held?.format === 'culvert'
      ? { ...document }
      : { ...document, esp: { rehearsal: true, ...document.esp } };
  }

  wipe(): void {
    this.#wiped = true;
    for (const part of this.#parts) part.wipe();
    for (const profile of this.#profiles) profile.wipe();
    this.#given.clear();
  }

  #ofBundle(choice: StoreImportParams): ReturnType<typeof fromBundle> {
    const { leaves } = this.#sorted(this.#parts);
    const chosen =
      choice.leaf === undefined && leaves.length === 1
        ? leaves[0]
        : leaves.find(({ certificate }) => certificate.fingerprint === choice.leaf);
    return fromBundle(chosen, choice);
  }

  #preview(
    profile: HeldProfile,
    index: number,
  ): { readonly preview: DraftProfile; readonly problems: readonly string[] } {
    const { document, problems } = new Completion(profile, this.#partsOf(index)).run(profile.document, {});
    const preview = {
      document: redactSecrets({ ...document }),
      format: FORMATS[profile.format],
      report: profile.report,
    };
    // While something is locked nobody can tell what is missing.
    return { preview, problems: this.#locked().length > 0 ? [] : problems.map((text) => `${text}.`) };
  }

  #sorted(parts: readonly Part[]): Omit<ImportedBundle, 'formats'> {
    return sortParts(parts.flatMap((part) => part.opened ?? []));
  }

  #partsOf(index: number | undefined): readonly Part[] {
    return this.#parts.filter(({ owner }) => owner === undefined || owner === index);
  }

  #locked(): string[] {
    return [
      ...this.#parts.filter((part) => part.locked).map((part) => part.name),
      ...this.#profiles.filter((profile) => profile.locked).map((profile) => profile.file),
    ];
  }
}
