import { z } from 'zod';
import type { Ownership, Takeover } from '../operations/owner';

const ownership = {
  device: z.string(),
  uuid: z.string().describe('of the file system'),
  ownerUuid: z.string().describe("the owner's system UUID"),
  ownerName: z.exactOptional(z.string()).describe("the owner's name in /opt/famfs/hosts"),
  systemUuid: z.exactOptional(z.string()).describe("this host's system UUID, if it has one"),
  role: z.enum(['owner', 'client']).describe('of this host'),
};

export const OwnerSchema: z.ZodType<Ownership | Takeover> = z.union([
  z.strictObject(ownership),
  z
    .strictObject({
      ...ownership,
      taken: z.boolean().describe('false when this host owned it already'),
      formerOwnerUuid: z
        .exactOptional(z.string())
        .describe('not known where a takeover that was cut off is made whole'),
      formerOwnerWrites: z.boolean().describe('something was logged while it was taken'),
      remount: z
        .array(z.string())
        .describe('mounts here that learn of the role of this host when they are mounted again'),
    })
    .describe('with --take'),
]);
