import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { allocatePorts, DEFAULT_PORT_RANGE, type PortRange } from "./ports.ts";

test("the first pair of an empty range is its first two ports", () => {
  const ports = allocatePorts(new Set(), { range: DEFAULT_PORT_RANGE, afterPort: undefined });
  assert.deepEqual(ports, { inbound: 20_000, outbound: 20_001 });
});

test("a pair that was given back is used again only after all others", () => {
  const range = { first: 20_000, last: 20_007 };
  const used = new Set([20_000, 20_001, 20_002, 20_003]);
  used.delete(20_000);
  used.delete(20_001);
  assert.equal(allocatePorts(used, { range, afterPort: 20_002 })?.inbound, 20_004);
  assert.equal(allocatePorts(used, { range, afterPort: 20_006 })?.inbound, 20_000);
});

test("a pair of which one port is taken is not used", () => {
  const range = { first: 20_000, last: 20_003 };
  assert.equal(allocatePorts(new Set([20_001]), { range, afterPort: undefined })?.inbound, 20_002);
});

test("a range that is used up gives nothing, and neither does one without room for a pair", () => {
  const range = { first: 20_000, last: 20_001 };
  assert.equal(allocatePorts(new Set([20_000]), { range, afterPort: undefined }), undefined);
  const single = { first: 20_000, last: 20_000 };
  assert.equal(allocatePorts(new Set(), { range: single, afterPort: undefined }), undefined);
});

test("pairs are unique, in range and rotate until all are used, wherever the last one was", () => {
  const ranges = fc.record({
    first: fc.integer({ min: 1024, max: 60_000 }),
    size: fc.integer({ min: 2, max: 40 }),
  });
  const afterPort = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
  fc.assert(
    fc.property(ranges, afterPort, ({ first, size }, start) => {
      const range: PortRange = { first, last: first + size - 1 };
      const used = new Set<number>();
      let last = start;
      const inbounds: number[] = [];
      for (let pair = 0; pair < Math.floor(size / 2); pair++) {
        const ports = allocatePorts(used, { range, afterPort: last });
        assert.ok(ports);
        for (const port of [ports.inbound, ports.outbound]) {
          assert.ok(port >= range.first && port <= range.last && !used.has(port));
          used.add(port);
        }
        inbounds.push(ports.inbound);
        last = ports.inbound;
      }
      assert.equal(allocatePorts(used, { range, afterPort: last }), undefined);
      const descents = inbounds.filter((port, index) => port < (inbounds[index - 1] ?? 0));
      assert.ok(descents.length <= 1, "goes round at most once");
    }),
  );
});
