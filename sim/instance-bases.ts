// The two costs of a bare instance that reports put side by side, since much hangs on them: what was published of a mesh
// in production, and what Berth's own proxy was measured to take.

export interface InstanceBase {
  readonly name: string;
  readonly memoryBytes: number;
}

export const INSTANCE_BASES: readonly InstanceBase[] = [
  { name: "200 MB: NodeSentry's, as published", memoryBytes: 200_000_000 },
  // `npm run bench -- density`, idle; it reads 13 to 16 MB, with the machine and what its instances are set up to do.
  { name: "13.4 MB: Berth's own proxy, idle, as measured", memoryBytes: 13_400_000 },
];
