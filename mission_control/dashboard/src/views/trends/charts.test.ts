import { describe, expect, it } from "vitest";
import { lineOf, machineLines, memoryOf, table, valueAt } from "./charts";

const at = (seconds: number) => new Date(seconds * 1000).toISOString();

describe("a line", () => {
  it("has a gap where nothing was measured for long", () => {
    const line = lineOf("x", 60, [{ at: at(0), value: 1 }, { at: at(60), value: 2 }, { at: at(5000), value: 3 }]);
    expect(line.times).toEqual([0, 60, 120, 5000]);
    expect(line.values).toEqual([1, 2, null, 3]);
    expect([valueAt(line, 59), valueAt(line, 4000), valueAt(line, 9e9), valueAt(line, -1)]).toEqual([1, 2, 3, null]);
  });

  it("stands beside others over the times of all", () => {
    const rows = table([lineOf("a", 60, [{ at: at(0), value: 1 }, { at: at(120), value: 3 }]), lineOf("b", 60, [{ at: at(60), value: 2 }])]);
    expect(rows[0]).toEqual([0, 60, 120]);
    expect([rows[1]![0], rows[1]![1], rows[1]![2]]).toEqual([1, undefined, 3]);
    expect([rows[2]![0], rows[2]![1]]).toEqual([undefined, 2]);
  });

  it("of a machine of which nobody knows how much it has is empty", () => {
    const sample = {
      ...{ from_at: at(0), cpu_percent: 1, max_cpu_percent: 1, cpu_count: 1, load_1m: 0, memory_used_bytes: 5, memory_limit_bytes: 0 },
      ...{ swap_used_bytes: 0, disk_used_bytes: 0, disk_total_bytes: 0, gpu_percent: null },
    };
    expect(machineLines({ seconds: 60, machines: [{ host: "h", samples: [sample] }] }, memoryOf)[0]!.values).toEqual([null]);
  });
});
