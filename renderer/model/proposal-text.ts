/** The text form of proposals while it is typed: presets, what is wrong at which word, which words are weak. */
import {
  type ProposalProtocol,
  parseProposals,
  presetProposals,
  printProposal,
  weakTransforms,
} from '../../engine/crypto/proposals.ts';

export const PRESET_NAMES = ['recommended', 'suite-b', 'windows', 'apple', 'legacy'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** The preset that a text names; nothing written means the recommended one. */
export function presetOf(text: string): PresetName | 'custom' {
  const name = text.trim().toLowerCase();
  if (name === '' || name === 'default') return 'recommended';
  return PRESET_NAMES.find((preset) => preset === name) ?? 'custom';
}

/** What a preset stands for, one proposal a line. */
export function expanded(text: string, protocol: ProposalProtocol): string {
  const preset = presetOf(text);
  if (preset === 'custom') return text;
  return (presetProposals(preset, protocol) ?? []).map(printProposal).join(',\n');
}

/** As the document keeps it: one line, nothing for the recommended preset. */
export const kept = (text: string): string | undefined =>
  text.trim() === '' ? undefined : text.replace(/\s*\n\s*/g, ' ').trim();

export interface Judgement {
  readonly problem: { readonly word: string; readonly reason: string } | undefined;
  readonly count: number;
  readonly weak: readonly { readonly word: string; readonly label: 'legacy' | 'broken' }[];
}

export function judge(text: string, protocol: ProposalProtocol): Judgement {
  const source = text.trim() === '' ? 'default' : text;
  const read = parseProposals(source.replaceAll('\n', ' '), protocol);
  if (!read.ok) return { problem: { word: read.error.token, reason: read.error.reason }, count: 0, weak: [] };
  const weak = weakTransforms(read.value).map(({ word, label }) => ({ word, label }));
  return { problem: undefined, count: read.value.length, weak };
}
