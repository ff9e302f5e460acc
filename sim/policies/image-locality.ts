// Nodes that have a pod's images score higher, the more so the larger the images are and the more nodes have them (so
// that one node with an image is not flooded): pkg/scheduler/framework/plugins/imagelocality.
//
// Simplified in one point: an image's size is the one that the node itself reports. Upstream takes the size that the
// first node to have it reported, which is the same unless nodes disagree.

import { NODE_SCORE_MAX } from "./score-normalization.ts";

/** Bytes by name; an image goes by all of its names. */
export type NodeImages = ReadonlyMap<string, number>;

export interface ImageQuestion {
  /** One for each container. */
  readonly images: readonly string[];
  /** Nodes that have the image. */
  readonly nodesWith: (image: string) => number;
  /** All nodes of the cluster. */
  readonly nodeCount: number;
}

const MIB = 1024 ** 2;
const THRESHOLD_MIN = 23 * MIB;
const CONTAINER_THRESHOLD_MAX = 1000 * MIB;

/** 0 to 100. */
export function imageScore(onNode: NodeImages, { images, nodesWith, nodeCount }: ImageQuestion): number {
  let sum = 0;
  for (const image of images) {
    const name = normalizedImageName(image);
    const sizeBytes = onNode.get(name);
    if (sizeBytes !== undefined) sum += Math.trunc(sizeBytes * (nodesWith(name) / nodeCount));
  }
  const max = CONTAINER_THRESHOLD_MAX * images.length;
  const bounded = Math.min(Math.max(sum, THRESHOLD_MIN), max);
  return Math.trunc((NODE_SCORE_MAX * (bounded - THRESHOLD_MIN)) / (max - THRESHOLD_MIN));
}

function normalizedImageName(name: string): string {
  return name.lastIndexOf(":") <= name.lastIndexOf("/") ? `${name}:latest` : name;
}
