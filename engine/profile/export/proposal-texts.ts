/** Proposals of a profile as other programs read them: presets spelt out, without our `!`. */
import { type ProposalProtocol, presetProposals, printProposal } from '../../crypto/proposals.ts';
import type { TextList } from '../schema.ts';
import { listOf } from './pem.ts';

export const proposalTexts = (value: TextList, protocol: ProposalProtocol): readonly string[] =>
  listOf(value).flatMap((item) => {
    const text = item.replace(/!$/, '').trim();
    return presetProposals(text, protocol)?.map(printProposal) ?? [text];
  });
