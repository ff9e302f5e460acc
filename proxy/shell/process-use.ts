// What one or more processes have used and hold.

export interface ProcessUse {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}
