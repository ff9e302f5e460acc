// The nodes: the two shapes of Tianchi's machines in three zones, with what makes nodes differ for a scheduler. All of it
// by the node's number, so that a count of nodes says the whole cluster.

export const ZONES = ["a", "b", "c"] as const;
export const DISKS = ["ssd", "hdd"] as const;
export const RACK_LABEL = "example.com/rack";
export const DEDICATED = "example.com/dedicated";
export const SOFT_TAINT = { key: "example.com/old", value: "yes", effect: "PreferNoSchedule" } as const;

/** What a device plugin offers on some nodes. */
export const DEVICE = "example.com/device";

const MIB = 1024 ** 2;
export const IMAGES = [
  { name: "registry.example/tiny:1", sizeBytes: 9 * MIB },
  { name: "registry.example/small:1", sizeBytes: 120 * MIB },
  { name: "registry.example/middle:1", sizeBytes: 700 * MIB },
  { name: "registry.example/large", sizeBytes: 2_300 * MIB },
] as const;

export interface SliceNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly object[];
  readonly isUnschedulable: boolean;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly images: readonly { readonly names: readonly string[]; readonly sizeBytes: number }[];
}

export function sliceNodes(count: number): readonly SliceNode[] {
  return Array.from({ length: count }, (_, index) => nodeAt(index));
}

const SMALL = { cpu: "32", memory: "64Gi" };
const LARGE = { cpu: "92", memory: "288Gi" };

function nodeAt(index: number): SliceNode {
  const name = `node-${String(index).padStart(3, "0")}`;
  const every = (nth: number, from: number): boolean => index % nth === from;
  return {
    name,
    labels: {
      "kubernetes.io/hostname": name,
      "kubernetes.io/os": "linux",
      [RACK_LABEL]: String(index % 8),
      ...(every(20, 19) ? {} : { "topology.kubernetes.io/zone": ZONES[index % ZONES.length] ?? "a" }),
      ...(every(10, 7) ? {} : { disk: DISKS[index % 5 === 0 ? 0 : 1] ?? "hdd" }),
    },
    taints: [
      ...(every(12, 5) ? [{ key: DEDICATED, value: "batch", effect: "NoSchedule" }] : []),
      ...(every(6, 2) ? [SOFT_TAINT] : []),
    ],
    isUnschedulable: every(32, 9),
    allocatable: {
      ...(every(3, 1) ? LARGE : SMALL),
      pods: every(16, 4) ? "9" : "110",
      ...(every(5, 3) ? { [DEVICE]: "8" } : {}),
    },
    images: IMAGES.filter((_, image) => (index >> image) % 2 === 0).map(({ name: image, sizeBytes }) => ({
      names: [image.includes(":") ? image : `${image}:latest`, `${image}@sha256:${"0".repeat(64)}`],
      sizeBytes,
    })),
  };
}
