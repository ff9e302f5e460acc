// The two costs of a bare instance that reports put side by side, since much hangs on them: what was published of a mesh
// in production, and what Berth's own proxy was measured to take.

import { DEFAULT_APP_COST } from "#model/mesh-profile.ts";

export interface InstanceBase {
  readonly name: string;
  readonly memoryBytes: number;
}

export const INSTANCE_BASES: readonly InstanceBase[] = [
  // Published as "about 200 MB"; the model's default.
  { name: "NodeSentry's, as published", memoryBytes: DEFAULT_APP_COST.base.memoryBytes },
  // `npm run bench -- density`, idle; it reads 13 to 16 MB, with the machine and what its instances are set up to do.
  { name: "Berth's own, idle, as measured", memoryBytes: 13_400_000 },
];
